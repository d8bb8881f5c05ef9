/**
 * Quantiles and their bootstrap intervals. Distribution-free: gaps and delays are nowhere near normal.
 *
 * simple-statistics' quantile differs from R's and NumPy's default, and jstat's sorts anew at each call, which the
 * bootstrap does thousands of times: hence the few lines here.
 */
import jstat from 'jstat';
import { CONFIDENCE } from './binomial.ts';
import type { RandomStream } from './random.ts';

export interface Estimate {
  readonly median: number;
  /** Null with a single value, which says nothing about its own spread. */
  readonly low: number | null;
  readonly high: number | null;
}

/** Resamples of a bootstrap: the usual number for BCa intervals (Efron and Tibshirani, 1993, chapter 14). */
export const RESAMPLES = 2_000;

export function sorted(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Quantile p of ascending `values`, linear between order statistics (R type 7, NumPy's default). */
export function quantileOf(values: Float64Array, p: number): number {
  return skipping(values, p, values.length);
}

/** The same with the value at index `without` left out (none when it is past the end). */
function skipping(values: Float64Array, p: number, without: number): number {
  const n = values.length - (without < values.length ? 1 : 0);
  if (n < 1) throw new RangeError('a quantile needs at least one value');
  const position = (n - 1) * p;
  const index = Math.floor(position);
  const at = (i: number): number => values[i < without ? i : i + 1] ?? Number.NaN;
  const low = at(index);
  return position === index ? low : low + (position - index) * (at(index + 1) - low);
}

/**
 * Quantile `p` of `values` with its bias-corrected and accelerated bootstrap interval (Efron, JASA 82, 1987). Null
 * without values. `low` and `high` are at two-sided `confidence`.
 */
export function bootstrapQuantile(
  values: readonly number[],
  random: RandomStream,
  options: { readonly p?: number; readonly confidence?: number; readonly resamples?: number } = {},
): Estimate | null {
  const { p = 0.5, confidence = CONFIDENCE, resamples = RESAMPLES } = options;
  if (values.length === 0) return null;
  const ascending = sorted(values);
  const estimate = quantileOf(ascending, p);
  if (values.length === 1) return { median: estimate, low: null, high: null };
  if (ascending[0] === ascending[ascending.length - 1]) return { median: estimate, low: estimate, high: estimate };

  const replicates = resampledQuantiles(ascending, p, resamples, random);
  const bias = jstat.normal.inv(shareBelow(replicates, estimate), 0, 1);
  const acceleration = accelerationOf(ascending, p);
  const tail = (1 - confidence) / 2;
  const endpoint = (probability: number): number => {
    const z = bias + jstat.normal.inv(probability, 0, 1);
    const level = jstat.normal.cdf(bias + z / (1 - acceleration * z), 0, 1);
    return quantileOf(replicates, level);
  };
  return { median: estimate, low: endpoint(tail), high: endpoint(1 - tail) };
}

/** Ascending quantiles of resamples. Counts draws per order statistic, so that no resample has to be sorted. */
function resampledQuantiles(ascending: Float64Array, p: number, resamples: number, random: RandomStream): Float64Array {
  const n = ascending.length;
  const position = (n - 1) * p;
  const rank = Math.floor(position);
  const fraction = position - rank;
  const drawn = new Uint32Array(n);
  const replicates = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    drawn.fill(0);
    for (let i = 0; i < n; i++) {
      const pick = random.below(n);
      drawn[pick] = (drawn[pick] ?? 0) + 1;
    }
    let index = 0;
    let passed = drawn[0] ?? 0;
    while (passed <= rank) passed += drawn[++index] ?? 0;
    const low = ascending[index] ?? Number.NaN;
    if (fraction === 0) {
      replicates[b] = low;
      continue;
    }
    while (passed <= rank + 1) passed += drawn[++index] ?? 0;
    replicates[b] = low + fraction * ((ascending[index] ?? Number.NaN) - low);
  }
  return replicates.sort();
}

/** Share of replicates below the estimate, ties counted half, kept off 0 and 1 where the normal quantile is infinite. */
function shareBelow(replicates: Float64Array, estimate: number): number {
  let below = 0;
  let equal = 0;
  for (const replicate of replicates) {
    if (replicate < estimate) below++;
    else if (replicate === estimate) equal++;
  }
  const share = (below + equal / 2) / replicates.length;
  const edge = 0.5 / replicates.length;
  return Math.min(1 - edge, Math.max(edge, share));
}

/** Acceleration from the jackknife; 0 where leaving out any value changes nothing. */
function accelerationOf(ascending: Float64Array, p: number): number {
  const left = Array.from(ascending, (_, without) => skipping(ascending, p, without));
  const mean = left.reduce((sum, value) => sum + value, 0) / left.length;
  let squares = 0;
  let cubes = 0;
  for (const value of left) {
    const distance = mean - value;
    squares += distance ** 2;
    cubes += distance ** 3;
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}
