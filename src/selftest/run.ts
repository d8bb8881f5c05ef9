/**
 * The self-test of the detector: leaks planted in trials that are otherwise isolated, each to be found; mutants of the
 * detector and sabotaged instruments, each to be caught. Writes `selftest.json` beside the trials' folders.
 */
import pMap from 'p-map';
import { makeEmpty, makeResults, writeInto } from '../analysis/campaign/campaign-folder.ts';
import { lockFolder } from '../harness/campaign/folder-lock.ts';
import { enterNamespaces } from '../harness/labs/netns.ts';
import type { PlannedTrial } from '../harness/trial/spec.ts';
import { programArgv } from '../programs/program.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import { TrialProcess } from '../harness/campaign/trial-process.ts';
import type { Measures } from '../records/measures.ts';
import { judgeFinder, type FinderResult } from './finder.ts';
import { judgeFindings, judgeMutants, judgePlanted, readPlanted, type Mutant, type PlantedResult } from './judge.ts';
import type { Planted } from './planter.ts';
import { SABOTAGES } from './sabotage.ts';
import { NS_PER_MS } from '../records/units.ts';

export interface SelftestReport {
  readonly trials: readonly ({
    readonly trial: string;
    readonly verdict: string;
    readonly reason: string;
  } & PlantedResult)[];
  readonly mutants: readonly Mutant[];
  readonly sabotages: readonly Mutant[];
  /** What was planted for the finder in invented trials; its mutants are findings falsified. */
  readonly finder: FinderResult;
  readonly passed: boolean;
}

export interface SelftestOptions {
  readonly folder: string;
  readonly trials: readonly PlannedTrial[];
  readonly jobs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Characters of a verdict's reason on the terminal; all of it is in the record. */
const REASON_CHARACTERS = 240;

interface Work {
  readonly trial: PlannedTrial;
  readonly sabotage: string | null;
}

interface Done {
  readonly record: TrialRecord;
  readonly sabotage: string | null;
}

/** Runs it; null when `signal` stopped it. Throws `RequestError` where the folder is in use, or is none. */
export async function runSelftest(options: SelftestOptions): Promise<SelftestReport | null> {
  await makeResults(options.folder);
  const lock = await lockFolder(options.folder);
  try {
    return await plantAndJudge(options);
  } finally {
    await lock.close();
  }
}

async function plantAndJudge(options: SelftestOptions): Promise<SelftestReport | null> {
  const { folder, trials, say, signal } = options;
  const [first] = trials;
  if (first === undefined) throw new Error('the self-test was given no trial to plant leaks in');
  const records: Done[] = [];
  const run = async ({ trial, sabotage }: Work): Promise<void> => {
    if (signal.aborted) return;
    const record = await runOne(trial, sabotage, options);
    if (record === null) return;
    records.push({ record, sabotage });
    const said = `${record.measures?.verdict ?? 'no measures'} - ${record.measures?.reason ?? ''}`;
    say(`${record.trial}: ${said.slice(0, REASON_CHARACTERS)}`);
  };
  // Instants are held to a millisecond where leaks are planted: that is for one trial at a time.
  for (const trial of trials) await run({ trial, sabotage: null });
  const bad = SABOTAGES.map(({ id }): Work => ({ trial: { ...first, trial: `sabotage-${id}` }, sabotage: id }));
  await pMap(bad, run, { concurrency: options.jobs });
  if (signal.aborted) return null;

  const intact = records.filter(({ sabotage }) => sabotage === null).map(({ record }) => record);
  const results = [];
  const mutants: Mutant[] = [];
  for (const record of intact.toSorted((a, b) => (a.trial < b.trial ? -1 : 1))) {
    const verdict = record.measures?.verdict ?? 'inconclusive';
    const reason = record.measures?.reason ?? 'the trial has no measures';
    const planted = await readPlanted(folder, record.trial).catch(() => []);
    const result = record.measures === null ? NOTHING_FOUND : judgeAll(record.measures, planted);
    results.push({ trial: record.trial, verdict, reason, ...result });
    if (mutants.length === 0 && verdict === 'leak') mutants.push(...(await judgeMutants(record, folder)));
  }
  const sabotages = SABOTAGES.map(({ id, what }): Mutant => {
    const measures = records.find(({ sabotage }) => sabotage === id)?.record.measures;
    return { what, caughtBy: measures?.verdict === 'inconclusive' ? measures.reason : null };
  });
  const [like] = intact;
  const finder = like === undefined ? NO_FINDER : await judgeFinder(like, folder);
  const passed =
    finder.found > 0 &&
    finder.found === finder.planted &&
    results.every(
      ({ verdict, planted, found, faults }) => verdict === 'leak' && found === planted && faults.length === 0,
    ) &&
    mutants.length > 0 &&
    [...mutants, ...sabotages, ...finder.mutants].every(({ caughtBy }) => caughtBy !== null);
  const report = { trials: results, mutants, sabotages, finder, passed };
  await writeInto(folder, ['selftest.json'], JSON.stringify(report, null, 2) + '\n');
  return report;
}

const NO_FINDER: FinderResult = { planted: 0, found: 0, faults: ['there was no trial'], mutants: [] };
const NOTHING_FOUND: PlantedResult = { planted: 0, found: 0, faults: ['the trial has no measures'], worstTimingNs: 0 };

/** The measures and, as the same packets say it, the findings. */
function judgeAll(measures: Measures, planted: readonly Planted[]): PlantedResult {
  const result = judgePlanted(measures, planted);
  const { findings } = measures;
  const more = findings === undefined ? ['the trial has no findings'] : judgeFindings(findings, planted);
  return { ...result, faults: [...result.faults, ...more] };
}

async function runOne(
  planned: PlannedTrial,
  sabotage: string | null,
  { folder, signal }: SelftestOptions,
): Promise<TrialRecord | null> {
  const at = await makeEmpty(folder, ['trials', planned.trial]);
  const task = { spec: { ...planned, attempt: 0, repeats: null, folder: at }, containers: null, sabotage };
  return new TrialProcess(enterNamespaces(programArgv('selftest/selftest-worker'))).run(task, () => undefined, signal);
}

/** The report for a person. */
export function selftestText({ trials, mutants, sabotages, finder, passed }: SelftestReport): string {
  const caught = (all: readonly Mutant[]): string =>
    `${all.filter(({ caughtBy }) => caughtBy !== null).length} of ${all.length}`;
  const missed = [...mutants, ...sabotages, ...finder.mutants].filter(({ caughtBy }) => caughtBy === null);
  return [
    ...trials.map(({ trial, planted, found, worstTimingNs, verdict }) => {
      const timing = `instants at most ${(worstTimingNs / NS_PER_MS).toFixed(3)} ms outside the bracket of the sending`;
      return `${trial}: ${found} of ${planted} planted leaks found (${verdict}), ${timing}`;
    }),
    ...trials.flatMap(({ faults }) => faults.slice(0, 20).map((fault) => `  ${fault}`)),
    `mutants of the detector caught: ${caught(mutants)}; sabotaged instruments caught: ${caught(sabotages)}`,
    `findings: ${finder.found} of ${finder.planted} planted ones found, and nothing else; falsified ones noticed: ${caught(finder.mutants)}`,
    ...finder.faults.slice(0, 20).map((fault) => `  ${fault}`),
    ...missed.map(({ what }) => `  NOT CAUGHT: a detector that ${what}`),
    passed ? 'The detector is sound.' : 'The detector is NOT sound: trust no verdict of it.',
  ].join('\n');
}
