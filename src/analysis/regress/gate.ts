/**
 * The regression gate: is this campaign worse than the baseline, beyond noise? Asked of each cell and, with more trials
 * behind it, of each kill switch over all its cells. Every test is one-sided, and Holm's correction over each of the two
 * families keeps the chance of a false alarm of the whole gate at 1 % when nothing has changed. Does not look for
 * improvements, nor at the arm without a kill switch, which is there to leak.
 */
import type { Manifest } from '../../records/manifest.ts';
import { holm } from '../statistics/holm.ts';
import { quantileOf, sorted } from '../statistics/quantiles.ts';
import { either, larger, moreInUpperTail, moreOften } from '../statistics/stratified.ts';
import { controlOf, grouped } from '../summary/cells.ts';
import type { TrialRow } from '../summary/rows.ts';
import { isControlled } from '../summary/summarise.ts';
import type { Baseline } from './baseline.ts';
import { sampleOf, type Sample } from './sample.ts';
import { CONTROL, cellKey, isPlacebo } from '../../records/identity.ts';

/** Chance that a gate fails although nothing changed. */
export const FALSE_ALARM = 0.01;
/**
 * What each family of tests may spend of it. Most goes to the switches: they are few and have the most trials behind
 * them, so it buys the most power there. A fifth is kept back, since the tests by ranks are approximations.
 */
const LEVELS: Readonly<Record<Check['scope'], number>> = { 'kill switch': 0.6 * FALSE_ALARM, cell: 0.2 * FALSE_ALARM };
/**
 * Durations and bytes must also have grown by this factor (of medians). Machines differ from day to day by more than any
 * test of independent trials allows for.
 */
const LEAST_GROWTH = 1.25;

const MEASURES = ['leak', 'gap', 'clear bytes', 'exposures', 'recovery'] as const;
export type Measure = (typeof MEASURES)[number];

export interface Check {
  readonly scope: 'cell' | 'kill switch';
  /** The cell or the kill switch. */
  readonly name: string;
  readonly measure: Measure;
  readonly p: number;
  readonly pHolm: number;
  /** Share of leaking trials, or median. */
  readonly before: number | null;
  readonly after: number | null;
  readonly outcome: 'held' | 'regressed';
}

interface Unjudged {
  readonly name: string;
  readonly reason: string;
}

export interface GateResult {
  readonly outcome: 'held' | 'regressed' | 'could-not-judge';
  readonly checks: readonly Check[];
  readonly unjudged: readonly Unjudged[];
  /** Cells of the campaign that the baseline does not know. */
  readonly fresh: readonly string[];
}

interface Stratum {
  readonly cell: string;
  readonly killSwitch: string;
  readonly fresh: Sample;
  readonly old: Sample;
}

/** Samples of every cell of the campaign. */
export function samplesOf(manifest: Manifest, rows: readonly TrialRow[]): Map<string, Sample> {
  const byCell = grouped(rows, ({ cell }) => cellKey(cell));
  return new Map(manifest.scenario.cells.map((cell) => [cellKey(cell), sampleOf(byCell.get(cellKey(cell)) ?? [])]));
}

/** Holds a campaign against the baseline. */
export function judgeGate(manifest: Manifest, rows: readonly TrialRow[], baseline: Baseline): GateResult {
  const samples = samplesOf(manifest, rows);
  const strata: Stratum[] = [];
  const unjudged: Unjudged[] = [];
  const unknown: string[] = [];
  for (const cell of manifest.scenario.cells) {
    if (cell.killSwitch === CONTROL) continue;
    const id = cellKey(cell);
    const fresh = samples.get(id);
    const old = baseline.get(id)?.sample;
    if (old === undefined) {
      unknown.push(id);
      continue;
    }
    const none = rows.filter((row) => cellKey(row.cell) === cellKey({ ...cell, killSwitch: CONTROL }));
    const control = isControlled(manifest, cell) ? controlOf(none) : 'absent';
    if (fresh === undefined || fresh.judged === 0) unjudged.push({ name: id, reason: 'no trial of it was judged' });
    // A placebo is itself what is compared with: that nothing leaves without a fault is no wonder.
    else if (fresh.leaks === 0 && !isPlacebo(cell) && (control === 'silent' || control === 'absent')) {
      unjudged.push({
        name: id,
        reason: `the arm without a kill switch ${WITHOUT[control]}, so no leak shows nothing`,
      });
    } else strata.push({ cell: id, killSwitch: cell.killSwitch, fresh, old });
  }
  const bySwitch = grouped(strata, ({ killSwitch }) => killSwitch);
  const switchChecks = checked('kill switch', [...bySwitch]);
  const cellChecks = checked('cell', [...grouped(strata, ({ cell }) => cell)]);
  for (const [killSwitch, own] of bySwitch) {
    if (!couldFail(own, switchChecks.length)) {
      unjudged.push({
        name: killSwitch,
        reason: 'too few trials: even a leak in every one of them would pass as noise',
      });
    }
  }
  const checks = [...switchChecks, ...cellChecks];
  return { outcome: outcomeOf(checks, unjudged, strata.length), checks, unjudged, fresh: unknown };
}

const WITHOUT = { silent: 'did not leak', absent: 'was not judged' } as const;

function outcomeOf(checks: readonly Check[], unjudged: readonly Unjudged[], strata: number): GateResult['outcome'] {
  if (checks.some(({ outcome }) => outcome === 'regressed')) return 'regressed';
  return unjudged.length > 0 || strata === 0 ? 'could-not-judge' : 'held';
}

/** Tests every measure of every group that could differ at all, and corrects for their number. */
function checked(scope: Check['scope'], groups: readonly (readonly [string, readonly Stratum[]])[]): Check[] {
  const tests = groups.flatMap(([name, strata]) =>
    MEASURES.flatMap((measure) => {
      const p = P_VALUES[measure](strata);
      return p === null ? [] : [{ scope, name, measure, p, ...levels(measure, strata) }];
    }),
  );
  const adjusted = holm(tests.map(({ p }) => p));
  return tests.map((test, index) => {
    const pHolm = adjusted[index] ?? 1;
    return { ...test, pHolm, outcome: pHolm <= LEVELS[scope] && grew(test) ? 'regressed' : 'held' };
  });
}

/**
 * P-values of each measure's test, given the pooled values. One whose values are all equal has no say and is not
 * counted: it is null.
 */
const P_VALUES: Readonly<Record<Measure, (strata: readonly Stratum[]) => number | null>> = {
  leak: (strata) =>
    moreOften(
      strata.map(({ fresh, old }) => ({
        fresh: { yes: fresh.leaks, all: fresh.judged },
        old: { yes: old.leaks, all: old.judged },
      })),
    ),
  gap: (strata) => {
    const gaps = strata.map(({ fresh, old }) => ({ fresh: fresh.gap, old: old.gap }));
    return either(larger(gaps), moreInUpperTail(gaps));
  },
  'clear bytes': (strata) => larger(strata.map(({ fresh, old }) => ({ fresh: fresh.clearBytes, old: old.clearBytes }))),
  exposures: (strata) =>
    larger(strata.map(({ fresh, old }) => ({ fresh: fresh.exposedParties, old: old.exposedParties }))),
  recovery: (strata) =>
    larger(strata.map(({ fresh, old }) => ({ fresh: worstLast(fresh.recovery), old: worstLast(old.recovery) }))),
};

/** A tunnel that never came back ranks behind every one that did. */
export const NEVER = Number.MAX_VALUE;

function worstLast(values: readonly (number | null)[]): number[] {
  return values.map((value) => value ?? NEVER);
}

/** Where one of the two in the middle never came back, the median is that; half-way to it means nothing. */
function medianOf(values: readonly number[]): number {
  const median = quantileOf(sorted(values), 0.5);
  return median >= NEVER / 2 ? NEVER : median;
}

function levels(measure: Measure, strata: readonly Stratum[]): { before: number | null; after: number | null } {
  const side = (of: (stratum: Stratum) => Sample): number | null => {
    const own = strata.map(of);
    if (measure === 'leak') {
      return own.reduce((sum, { leaks }) => sum + leaks, 0) / own.reduce((sum, sample) => sum + sample.judged, 0);
    }
    const values = own.flatMap((sample) => VALUES[measure](sample));
    return values.length === 0 ? null : medianOf(values);
  };
  return { before: side(({ old }) => old), after: side(({ fresh }) => fresh) };
}

const VALUES: Readonly<Record<Exclude<Measure, 'leak'>, (sample: Sample) => readonly number[]>> = {
  gap: ({ gap }) => gap,
  'clear bytes': ({ clearBytes }) => clearBytes,
  exposures: ({ exposedParties }) => exposedParties,
  recovery: ({ recovery }) => worstLast(recovery),
};

function grew({ measure, before, after }: Pick<Check, 'measure' | 'before' | 'after'>): boolean {
  if (measure === 'leak' || measure === 'exposures') return true;
  return before !== null && after !== null && after >= before * LEAST_GROWTH;
}

/** Whether a leak in every new trial, or (where all leaked before) a gap beyond all before, would fail the gate. */
function couldFail(strata: readonly Stratum[], tests: number): boolean {
  const level = LEVELS['kill switch'] / (tests + 1);
  const leak = P_VALUES.leak(strata.map((one) => ({ ...one, fresh: { ...one.fresh, leaks: one.fresh.judged } })));
  const gap = P_VALUES.gap(
    strata.map((one) => ({ ...one, fresh: { ...one.fresh, gap: one.fresh.gap.map(() => Number.MAX_VALUE) } })),
  );
  return (leak ?? 1) <= level || (gap ?? 1) <= level;
}
