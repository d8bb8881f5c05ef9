/**
 * Switches that poll every T seconds, read off their id (`app-kill(poll=2s)`). Their model, stated beforehand: the
 * fault falls anywhere in the period, so detection takes a time uniform on [0, T].
 */
import { LONGEST_SECONDS } from '../../records/bounded.ts';
import { bootstrapQuantile } from '../statistics/quantiles.ts';
import { kolmogorovSmirnov, uniformModel } from '../statistics/kolmogorov.ts';
import { compare, grouped, judged, valuesOf } from './cells.ts';
import type { TrialRow } from './rows.ts';
import type { Polling } from './schema.ts';

const PERIOD = /\bpoll=(\d+(?:\.\d+)?)(ms|s|m)?/;
/** A switch that polls more often, or less often than any trial lasts, is a slip of the pen and fits no scale. */
const SHORTEST_SECONDS = 0.001;
const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60 };

/** The polling period a kill switch's id names, in seconds; null where it names none. */
export function pollingPeriod(killSwitch: string): number | null {
  const match = PERIOD.exec(killSwitch);
  const amount = Number(match?.[1]);
  const unit = UNIT_SECONDS[match?.[2] ?? 's'];
  const period = amount * (unit ?? NaN);
  return match !== null && period >= SHORTEST_SECONDS && period <= LONGEST_SECONDS ? period : null;
}

/** One line per polling switch whose detection was measured, by period. */
export function pollingDelays(rows: readonly TrialRow[]): Polling[] {
  const lines: Polling[] = [];
  for (const [killSwitch, trials] of grouped(rows, (row) => row.cell.killSwitch)) {
    const periodSeconds = pollingPeriod(killSwitch);
    const evidence = judged(trials);
    const delays = valuesOf(evidence, (row) => row.detectionSeconds);
    if (periodSeconds === null) continue;
    const estimate = bootstrapQuantile(delays);
    const uniform = kolmogorovSmirnov(delays, uniformModel(0, periodSeconds));
    if (estimate === null || uniform === null) continue;
    const unnoticed = evidence.length - delays.length;
    const detectionSeconds = { ...estimate, trials: delays.length };
    lines.push({ killSwitch, periodSeconds, detectionSeconds, unnoticed, uniform });
  }
  return lines.sort((a, b) => a.periodSeconds - b.periodSeconds || compare(a.killSwitch, b.killSwitch));
}
