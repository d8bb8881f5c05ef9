/**
 * One cell's trials come down to one line of numbers with their uncertainty. Whether they show anything also depends on
 * the `none` arm, which `summarise` hands in.
 */
import { isPlacebo, namesOf, type CellNames } from '../../records/identity.ts';
import { PARTIES, type Party } from '../../records/vocabulary.ts';
import { clopperPearson, upperBound } from '../statistics/binomial.ts';
import { bootstrapQuantile } from '../statistics/quantiles.ts';
import { confidenceOf, type SequentialRule } from '../statistics/sequential.ts';
import { kaplanMeier, medianSurvival, type Observation } from '../statistics/survival.ts';
import { aftermathOf, type Estimate } from './aftermath.ts';
import { NO_PACKETS, NO_PARTIES, type MeasuredRow, type TrialRow } from './rows.ts';
import { evidenceOf } from './reach.ts';
import type { Cause } from './cause.ts';
import { cellSentence } from './reach-words.ts';
import type { CellSummary, Control } from './schema.ts';

/** The measured trials with a verdict of leak or no-leak: the only ones that are evidence. */
export function judged(rows: readonly TrialRow[]): MeasuredRow[] {
  return rows.flatMap((row) =>
    (row.verdict === 'leak' || row.verdict === 'no-leak') && row.measured !== null ? [row.measured] : [],
  );
}

/** The values of one measure, missing ones left out. */
export function valuesOf(rows: readonly MeasuredRow[], measure: (row: MeasuredRow) => number | null): number[] {
  return rows.flatMap((row) => measure(row) ?? []);
}

/** How the `none` arm did: every judged trial leaked, some, none, or there is no judged trial. */
export function controlOf(none: readonly TrialRow[]): Control {
  const leaks = none.filter((row) => row.verdict === 'leak').length;
  const safe = none.filter((row) => row.verdict === 'no-leak').length;
  if (leaks + safe === 0) return 'absent';
  if (leaks === 0) return 'silent';
  return safe === 0 ? 'leaked' : 'partly';
}

/** What a cell's summary needs of other cells: how its `none` arm did, what its placebo arm shows, the rule that decided n. */
interface CellContext {
  readonly control: Control;
  readonly cause: Cause | null;
  readonly rule?: SequentialRule | undefined;
}

/** The summary of `cell` from its trials and what other cells say of it. */
export function summariseCell(
  cell: CellNames,
  rows: readonly TrialRow[],
  { control, cause, rule }: CellContext,
): CellSummary {
  const verdicts = { leak: 0, noLeak: 0, inconclusive: 0, unsupported: 0 };
  for (const row of rows) verdicts[row.verdict === 'no-leak' ? 'noLeak' : row.verdict] += 1;
  const evidence = judged(rows);
  const found = evidenceOf(rows.flatMap((row) => row.found ?? []));
  const judgedTrials = verdicts.leak + verdicts.noLeak;
  const estimate: Estimate = (measure) => {
    const values = valuesOf(evidence, measure);
    const interval = bootstrapQuantile(values);
    return interval === null ? null : { ...interval, trials: values.length };
  };
  return {
    ...namesOf(cell),
    // A trial that never got to its switch does not know its family.
    family: (rows.find((row) => row.measured !== null) ?? rows[0])?.family ?? null,
    trials: rows.length,
    verdicts,
    found,
    cause,
    sentence: cellSentence(cell, found, cause),
    leakProbability: clopperPearson(verdicts.leak, judgedTrials, confidenceOf(rule)),
    leakUpperBound: verdicts.leak === 0 ? upperBound(0, judgedTrials) : null,
    switchLatencySeconds: estimate((row) => row.switchLatencySeconds),
    detectionSeconds: estimate((row) => row.detectionSeconds),
    gapSeconds: censoredGap(
      evidence,
      estimate((row) => row.gapSeconds),
    ),
    clearPackets: estimate((row) => row.clearPackets),
    clearBytes: estimate((row) => row.clearBytes),
    clearPacketsByClass: packetsByClass(evidence),
    exposures: exposures(evidence),
    exposedParties: estimate(exposedParties),
    recoverySeconds: estimate((row) => row.recoverySeconds),
    notRecovered: isPlacebo(cell) ? 0 : evidence.filter((row) => row.recoverySeconds === null).length,
    baselineLeaks: evidence.filter((row) => row.baselineClearPackets > 0).length,
    addressSurvivalSeconds: survival(evidence),
    monitor: monitored(evidence, estimate),
    restart: restarted(evidence),
    ...aftermathOf(evidence, estimate),
    control,
    finding: findingOf(verdicts, control),
    reasons: reasonsOf(rows),
  };
}

/** How many third parties learnt the address in one trial. */
export function exposedParties(row: MeasuredRow): number {
  return PARTIES.reduce((sum, party) => sum + row.exposedTo[party], 0);
}

/** Observations for a survival curve of the address. */
export function survivalObservations(rows: readonly MeasuredRow[]): Observation[] {
  return rows.flatMap(({ addressSurvivalSeconds: time, addressSurvivalCensored: censored }) =>
    time === null ? [] : [{ time, censored }],
  );
}

/** Says whether the median of the gaps is itself a lower bound. */
export function censoredGap(
  rows: readonly MeasuredRow[],
  estimate: CellSummary['clearPackets'],
): CellSummary['gapSeconds'] {
  if (estimate === null) return null;
  const censored = rows.filter((row) => row.gapSeconds !== null && row.gapCensored);
  const lowest = censored.reduce((least, row) => Math.min(least, row.gapSeconds ?? Infinity), Infinity);
  return { ...estimate, censored: censored.length, medianIsLowerBound: lowest <= estimate.median };
}

function packetsByClass(rows: readonly MeasuredRow[]): CellSummary['clearPacketsByClass'] {
  const total = { ...NO_PACKETS };
  for (const row of rows) {
    for (const [name, packets] of Object.entries(row.packetsByClass)) if (isKey(total, name)) total[name] += packets;
  }
  return total;
}

function exposures(rows: readonly MeasuredRow[]): Record<Party, number> {
  const trials = { ...NO_PARTIES };
  for (const party of PARTIES) trials[party] = rows.filter((row) => row.exposedTo[party] > 0).length;
  return trials;
}

function monitored(rows: readonly MeasuredRow[], estimate: Estimate): CellSummary['monitor'] {
  const watched = rows.flatMap(({ monitor }) => monitor ?? []);
  if (watched.length === 0) return null;
  return {
    trials: watched.length,
    named: watched.filter(({ namedSeconds }) => namedSeconds !== null).length,
    met: watched.filter(({ metSeconds }) => metSeconds !== null).length,
    namedSeconds: estimate((row) => row.monitor?.namedSeconds ?? null),
    metSeconds: estimate((row) => row.monitor?.metSeconds ?? null),
  };
}

function restarted(rows: readonly MeasuredRow[]): CellSummary['restart'] {
  const again = rows.flatMap(({ restart }) => restart ?? []);
  if (again.length === 0) return null;
  return {
    trials: again.length,
    remembered: again.filter(({ remembered }) => remembered).length,
    contactedInClear: again.filter(({ contactedInClear }) => contactedInClear).length,
    contactedInTunnel: again.filter(({ contactedInTunnel }) => contactedInTunnel).length,
    clearSources: {
      real: again.filter(({ clearSources }) => clearSources.includes('real')).length,
      tunnel: again.filter(({ clearSources }) => clearSources.includes('tunnel')).length,
      other: again.filter(({ clearSources }) => clearSources.includes('other')).length,
    },
  };
}

function survival(rows: readonly MeasuredRow[]): CellSummary['addressSurvivalSeconds'] {
  const observations = survivalObservations(rows);
  if (observations.length === 0) return null;
  return {
    ...medianSurvival(kaplanMeier(observations)),
    trials: observations.length,
    censored: observations.filter(({ censored }) => censored).length,
  };
}

/** A leak is a leak whatever the control; its absence shows something only where the `none` arm leaked. */
function findingOf(verdicts: CellSummary['verdicts'], control: Control): CellSummary['finding'] {
  if (verdicts.leak > 0) return 'leaks';
  if (verdicts.noLeak === 0) {
    return verdicts.unsupported > 0 && verdicts.inconclusive === 0 ? 'unsupported' : 'inconclusive';
  }
  return control === 'leaked' || control === 'partly' ? 'no-leak-seen' : 'inconclusive';
}

function reasonsOf(rows: readonly TrialRow[]): CellSummary['reasons'] {
  const counts = new Map<string, number>();
  for (const { verdict, reason } of rows) {
    if (verdict === 'inconclusive' || verdict === 'unsupported') counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, trials]) => ({ reason, trials }))
    .sort((a, b) => b.trials - a.trials || compare(a.reason, b.reason));
}

/** Items by key, in the order met (Map.groupBy, which Node.js has only from 21 on). */
export function grouped<T>(items: Iterable<T>, key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** Orders two texts by code units: the same order in every locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isKey<T extends object>(object: T, key: PropertyKey): key is keyof T {
  return key in object;
}
