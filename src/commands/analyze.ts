/**
 * `npm run analyze <campaign>`: recomputes everything derived from a campaign's records and captures. Needs no lab. The
 * sealed records are not touched; where a capture is gone, their measures are used.
 */
import { Command } from 'commander';
import * as z from 'zod';
import type { Measures } from '../records/measures.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import type { Problem, ProblemKind, Problems } from '../analysis/campaign/problems.ts';
import { EXIT } from '../contracts/errors.ts';
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
  const summary = await deriveCampaign(folder, sealed ? {} : { measure: remeasure });
  const text = json ? JSON.stringify(summary, null, 2) : summary.conclusions.map((one) => one.text).join('\n');
  process.stdout.write(terminalText(`${text}\n`));
  process.stderr.write(terminalText(summary.problems.map(problemWords).join('')));
  // A campaign in which nothing was run yet is sound; one of which nothing could be used is not.
  const lost = summary.trials.recorded === 0 && summary.problems.some(({ kind }) => LOSSES.has(kind));
  return lost ? EXIT.cannotRun : EXIT.done;
}

/** Measures a trial from what its folder holds; null where that is less than was there when it was sealed. */
async function remeasure(folder: string, record: TrialRecord, problems: Problems): Promise<Measures | null> {
  if (record.outcome.status === 'unsupported') return null;
  const { captureFile, readTimeline } = await import('../analysis/campaign/evidence.ts');
  const { measureTrial } = await import('../analysis/measure/measure.ts');
  const timeline = await readTimeline(folder, record.trial);
  const uplinkFile = await captureFile(folder, record, 'uplink');
  const wanFile = await captureFile(folder, record, 'wan');
  if (timeline === null || uplinkFile === null || wanFile === null) return null;
  if (timeline.unread > 0) {
    problems.note('unreadable-timeline', record.trial, 'Lines of a timeline are no events and were left out.');
  }
  return (await measureTrial({ record, timeline: timeline.events, uplinkFile, wanFile })).measures;
}

function problemWords({ kind, message, count, places }: Problem): string {
  const where = `${places.join(', ')}${places.length < count ? ', ...' : ''}`;
  return `analyze: ${kind}, ${count} times: ${message} (${where})\n`;
}
