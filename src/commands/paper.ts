/** `npm run paper [campaign]`: builds the paper with the numbers of a campaign, by default the committed one. */
import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { EXIT, RequestError } from '../contracts/errors.ts';
import { terminalText } from '../contracts/media.ts';
import { parseArguments } from './arguments.ts';
import { REFERENCE } from './figures.ts';

const optionsSchema = z.object({ out: z.string(), source: z.string() });

/** Exit code 0 when built, 2 when there is no campaign or the manuscript says a number of its own. */
export async function paperCommand(argv: readonly string[]): Promise<number> {
  const command = new Command('npm run paper --')
    .description('builds the paper as PDF; every number in it comes from the campaign')
    .argument('[campaign]', 'folder written by `npm run scenario`', REFERENCE)
    .option('--out <file>', 'where to write it', join('paper', 'build', 'killswitch-lab.pdf'))
    .option('--source <folder>', 'the manuscript', 'paper');
  const stop = parseArguments(command, argv);
  if (stop !== null) return stop;
  const [folder = REFERENCE] = command.args;
  const { out, source } = optionsSchema.parse(command.opts());
  if (!existsSync(join(folder, 'manifest.json'))) {
    throw new RequestError(`there is no campaign in ${folder}: name one, or run one with npm run scenario`);
  }
  const { buildPaper } = await import('../analysis/paper/build.ts');
  const pdf = await buildPaper(source, folder);
  const { makeResults, writeInto } = await import('../analysis/campaign/campaign-folder.ts');
  await makeResults(dirname(out));
  await writeInto(dirname(out), [basename(out)], pdf);
  process.stdout.write(terminalText(`${out}\n`));
  return EXIT.done;
}
