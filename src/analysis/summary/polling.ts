/**
 * Switches that poll every T seconds (`app-kill(poll=2s)`). Their model, stated beforehand: the fault falls anywhere in
 * the period, so detection takes a time uniform on [0, T]. Where several of a combination poll, each by a clock of its
 * own, the first of them detects; where one is told by the kernel instead, there is no such model.
 */
import { LONGEST_SECONDS } from '../../records/bounded.ts';
import { isPlacebo, type Cell } from '../../records/identity.ts';
import { bootstrapQuantile } from '../statistics/quantiles.ts';
import { firstOfUniforms, kolmogorovSmirnov } from '../statistics/kolmogorov.ts';
import { compare, grouped, judged, valuesOf } from './cells.ts';
import type { TrialRow } from './rows.ts';
import type { Polling } from './schema.ts';

/** A switch that polls more often, or less often than any trial lasts, is a slip of the pen and fits no scale. */
const SHORTEST_SECONDS = 0.001;

/** Seconds between two looks of each member that polls, shortest first; none where one need not. */
export function pollingPeriods({ parsed: { killSwitch } }: Pick<Cell, 'parsed'>): readonly number[] {
  if (killSwitch.some(({ parameters }) => parameters['notice'] !== undefined)) return [];
  return killSwitch
    .flatMap(({ parameters: { poll } }) => (typeof poll === 'number' && isPlausible(poll) ? [poll] : []))
    .sort((a, b) => a - b);
}

const isPlausible = (poll: number): boolean => poll >= SHORTEST_SECONDS && poll <= LONGEST_SECONDS;

/** One line per polling switch whose detection was measured, by period. In a placebo there was nothing to notice. */
export function pollingDelays(rows: readonly TrialRow[]): Polling[] {
  const lines: Polling[] = [];
  const faulty = rows.filter(({ cell }) => !isPlacebo(cell));
  for (const [killSwitch, trials] of grouped(faulty, (row) => row.cell.killSwitch)) {
    const periods = trials[0] === undefined ? [] : pollingPeriods(trials[0].cell);
    const [periodSeconds] = periods;
    const evidence = judged(trials);
    const delays = valuesOf(evidence, (row) => row.detectionSeconds);
    if (periodSeconds === undefined) continue;
    const estimate = bootstrapQuantile(delays);
    const uniform = kolmogorovSmirnov(delays, firstOfUniforms(periods));
    if (estimate === null || uniform === null) continue;
    const unnoticed = evidence.length - delays.length;
    const detectionSeconds = { ...estimate, trials: delays.length };
    lines.push({
      ...{ killSwitch, periodSeconds, detectionSeconds, unnoticed, uniform },
      ...(periods.length === 1 ? {} : { periods: [...periods] }),
    });
  }
  return lines.sort((a, b) => a.periodSeconds - b.periodSeconds || compare(a.killSwitch, b.killSwitch));
}
