/**
 * Kaplan-Meier: how a share of trials still alive falls with time when some were only watched until they were still
 * alive (censored). Assumes that being censored says nothing about what came later.
 */
import jstat from 'jstat';
import { CONFIDENCE } from './binomial.ts';

export interface Observation {
  readonly time: number;
  /** Whether the end was not seen: the true time is at least `time`. */
  readonly censored: boolean;
}

/** The curve from `time` on (until the next step). */
export interface SurvivalStep {
  readonly time: number;
  readonly atRisk: number;
  readonly events: number;
  readonly censored: number;
  readonly survival: number;
  /** Log-log bounds with Greenwood's variance; null where it is not defined (survival 0 or 1). */
  readonly low: number | null;
  readonly high: number | null;
}

/** The curve at each distinct time, ascending (Kaplan and Meier, JASA 53, 1958). */
export function kaplanMeier(observations: readonly Observation[], confidence = CONFIDENCE): SurvivalStep[] {
  const z = jstat.normal.inv((1 + confidence) / 2, 0, 1);
  const ordered = [...observations].sort((a, b) => a.time - b.time);
  const steps: SurvivalStep[] = [];
  let survival = 1;
  let greenwood = 0;
  for (let start = 0; start < ordered.length;) {
    const time = ordered[start]?.time ?? Number.NaN;
    const atRisk = ordered.length - start;
    let end = start;
    let events = 0;
    while (end < ordered.length && ordered[end]?.time === time) events += ordered[end++]?.censored === true ? 0 : 1;
    survival *= 1 - events / atRisk;
    greenwood += events / (atRisk * (atRisk - events));
    steps.push({
      time,
      atRisk,
      events,
      censored: end - start - events,
      survival,
      ...logLogBand(survival, greenwood, z),
    });
    start = end;
  }
  return steps;
}

/** exp(-exp(log(-log S) -+ z se)), which stays within 0 and 1 (R's survfit, conf.type = "log-log"). */
function logLogBand(survival: number, greenwood: number, z: number): Pick<SurvivalStep, 'low' | 'high'> {
  if (survival <= 0 || survival >= 1) return { low: null, high: null };
  const log = Math.log(survival);
  const width = (z * Math.sqrt(greenwood)) / Math.abs(log);
  return { low: survival ** Math.exp(width), high: survival ** Math.exp(-width) };
}

export interface SurvivalMedian {
  /** First time at which survival is at most one half; null when it never falls so far. */
  readonly median: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Median and its interval, by where the curve and its bands cross one half (Brookmeyer and Crowley, 1982). */
export function medianSurvival(steps: readonly SurvivalStep[]): SurvivalMedian {
  const crossing = (value: (step: SurvivalStep) => number | null): number | null =>
    steps.find((step) => (value(step) ?? 1) <= 0.5)?.time ?? null;
  return {
    median: crossing((step) => step.survival),
    low: crossing((step) => (step.survival === 0 ? 0 : step.low)),
    high: crossing((step) => step.high),
  };
}
