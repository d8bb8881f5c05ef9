/** The gate's numbers as people read them. */
import { bytes, digits, duration, percent } from '../summary/summary-words.ts';
import { NEVER, type Check, type GateResult, type Measure } from './gate.ts';
import type { Sample } from './sample.ts';
import { quantileOf, sorted } from '../statistics/quantiles.ts';

const FORMATS: Readonly<Record<Measure, (value: number) => string>> = {
  leak: percent,
  gap: duration,
  'clear bytes': bytes,
  exposures: (value) => `${digits(value)} parties`,
  recovery: (value) => (value === NEVER ? 'never' : duration(value)),
};

/** `leak: 0 % before, 45 % now` */
export function checkWords({ measure, before, after }: Check): string {
  const words = (value: number | null): string => (value === null ? 'none' : FORMATS[measure](value));
  const what = measure === 'leak' ? 'trials that leaked' : `median ${measure}`;
  return `${what}: ${words(before)} before, ${words(after)} now`;
}

export function pWords(p: number): string {
  return p < 0.0001 ? '< 0.0001' : p.toFixed(4);
}

/** The result in a sentence. */
export function outcomeWords({ outcome, checks, unjudged }: GateResult): string {
  const regressed = checks.filter((check) => check.outcome === 'regressed').length;
  if (outcome === 'regressed') return `Regressed: ${regressed} of ${checks.length} checks are worse than the baseline.`;
  if (outcome === 'held') return `Held: none of ${checks.length} checks is worse than the baseline.`;
  return unjudged.length === 0
    ? 'Could not judge: no cell of the campaign is in the baseline.'
    : `Could not judge: ${unjudged.length} of the cells and switches, though nothing judged is worse.`;
}

/** A cell's sample in a line, for what an update changed. */
export function sampleWords({ leaks, judged, gap }: Sample): string {
  const median = gap.length === 0 ? '' : `, median gap ${duration(quantileOf(sorted(gap), 0.5))}`;
  return `${leaks} of ${judged} leaked${median}`;
}
