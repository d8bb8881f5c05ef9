/**
 * `npm run figures [campaign]`: draws a campaign's figures as SVG and PNG, or with --trial the timeline of one trial.
 */
import { Command } from 'commander';
import { join } from 'node:path';
import * as z from 'zod';
import { EXIT, RequestError } from '../contracts/errors.ts';
import { terminalText } from '../contracts/media.ts';
import { parseArguments } from './arguments.ts';

/** The campaign that is committed with the project. */
export const REFERENCE = join('results', 'reference');

const optionsSchema = z.object({ out: z.string().optional(), trial: z.array(z.string()).default([]) });

/** Exit code 0 when drawn, 2 when the campaign or a trial is not there. */
export async function figuresCommand(argv: readonly string[]): Promise<number> {
  const command = new Command('npm run figures --')
    .description('draws the figures of a campaign as SVG and PNG')
    .argument('[campaign]', 'folder written by `npm run scenario`', REFERENCE)
    .option('--out <folder>', 'where to write them (default: figures/ in the campaign)')
    .option('--trial <ids...>', 'draw the timelines of these trials instead');
  const stop = parseArguments(command, argv);
  if (stop !== null) return stop;
  const [folder = REFERENCE] = command.args;
  const options = optionsSchema.parse(command.opts());
  const pictures = options.trial.length === 0 ? await campaignFigures(folder) : await timelines(folder, options.trial);
  const { toPng } = await import('../analysis/figures/render.ts');
  const { makeResults, writeInto } = await import('../analysis/campaign/campaign-folder.ts');
  // A folder that a person names may be a link; the campaign's own may not.
  const [base, below] = options.out === undefined ? [folder, ['figures']] : [options.out, []];
  if (options.out !== undefined) await makeResults(options.out);
  for (const { name, svg } of pictures) {
    await writeInto(base, [...below, `${name}.svg`], svg);
    await writeInto(base, [...below, `${name}.png`], await toPng(svg));
    process.stdout.write(terminalText(`${join(base, ...below, name)}.svg and .png\n`));
  }
  return EXIT.done;
}

interface Picture {
  readonly name: string;
  readonly svg: string;
}

async function campaignFigures(folder: string): Promise<Picture[]> {
  const { digestCampaign } = await import('../analysis/campaign/derive.ts');
  const { drawFigures } = await import('../analysis/figures/all.ts');
  const { unselected: rows, summary } = await digestCampaign(folder);
  const figures = await drawFigures({ rows, summary });
  return figures.map(({ figure, svg }) => ({ name: figure.id, svg }));
}

async function timelines(folder: string, trials: readonly string[]): Promise<Picture[]> {
  const { drawTrials } = await import('../analysis/campaign/derive.ts');
  const { readCampaign } = await import('../analysis/campaign/read-campaign.ts');
  const drawn = await drawTrials(await readCampaign(folder), new Set(trials));
  return trials.map((trial) => {
    const found = drawn.find(({ record }) => record.trial === trial);
    if (found === undefined)
      throw new RequestError(`${folder} has no trial ${trial}: trials.csv lists those there are`);
    if (found.svg === null) throw new RequestError(`trial ${trial} never came to its fault: there is nothing to draw`);
    return { name: `timeline-${trial}`, svg: found.svg };
  });
}
