/**
 * `npm run analyze <campaign>`: recomputes everything derived from a campaign's records and captures. Needs no lab. The
 * sealed records are not touched; where a capture is gone, their measures are used.
 */
import { Command } from 'commander';
import * as z from 'zod';
import type { Problem, ProblemKind } from '../analysis/campaign/problems.ts';
import { EXIT } from '../contracts/errors.ts';
import { accountOf } from '../analysis/summary/reach-words.ts';
import { terminalText } from '../contracts/media.ts';
import { parseArguments } from './arguments.ts';

const optionsSchema = z.object({ json: z.boolean().default(false), sealed: z.boolean().default(false) });

/** Problems for which a record was left out. */
const LOSSES: ReadonlySet<ProblemKind> = new Set([
  'torn-last-line',
  'unreadable-record',
  'invalid-record',
  'newer-record',
  'older-record',
]);

/** Exit code 0 when done, 2 when the campaign, or every record of it, could not be read. */
export async function analyzeCommand(argv: readonly string[]): Promise<number> {
  const command = new Command('npm run analyze --')
    .description('recomputes summary, tables, figures and report of a campaign from its records and captures')
    .argument('<campaign>', 'folder written by `npm run scenario`')
    .option('--sealed', 'use the measures sealed in the records instead of measuring the captures anew')
    .option('--json', 'print the summary as JSON instead of the conclusions');
  const stop = parseArguments(command, argv);
  if (stop !== null) return stop;
  const [folder = ''] = command.args;
  const { json, sealed } = optionsSchema.parse(command.opts());
  const { deriveCampaign } = await import('../analysis/campaign/derive.ts');
  const { measureAnew } = await import('../analysis/campaign/measure-anew.ts');
  const summary = await deriveCampaign(folder, sealed ? {} : { measure: measureAnew });
  const words = [...summary.cells.map(accountOf), ...summary.conclusions.map((one) => one.text)];
  const text = json ? JSON.stringify(summary, null, 2) : words.join('\n');
  process.stdout.write(terminalText(`${text}\n`));
  process.stderr.write(terminalText(summary.problems.map(problemWords).join('')));
  // A campaign in which nothing was run yet is sound; one of which nothing could be used is not.
  const lost = summary.trials.recorded === 0 && summary.problems.some(({ kind }) => LOSSES.has(kind));
  return lost ? EXIT.cannotRun : EXIT.done;
}

function problemWords({ kind, message, count, places }: Problem): string {
  const where = `${places.join(', ')}${places.length < count ? ', ...' : ''}`;
  return `analyze: ${kind}, ${count} times: ${message} (${where})\n`;
}
