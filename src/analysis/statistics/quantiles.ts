/**
 * Quantiles and their bootstrap intervals. Distribution-free: gaps and delays are nowhere near normal.
 *
 * simple-statistics' quantile differs from R's and NumPy's default, and its bootstrap and everybody else's draws resamples;
 * for a quantile the distribution that the draws approximate is known in closed form: hence the few lines here.
 */
import jstat from 'jstat';
import { CONFIDENCE } from './binomial.ts';

export interface Estimate {
  readonly median: number;
  /** Lower end of the interval; null with a single value, which says nothing about its own spread. */
  readonly low: number | null;
  readonly high: number | null;
}

export function sorted(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Quantile p of ascending `values`, linear between order statistics (R type 7, NumPy's default). */
export function quantileOf(values: Float64Array, p: number): number {
  return skipping(values, p, values.length);
}

/** Quantile of the values with the one at index `without` left out (none when it is past the end). */
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
 * Quantile `p` of `values` with its bias-corrected and accelerated bootstrap interval (Efron, JASA 82, 1987), from the
 * ideal bootstrap distribution instead of from draws of it: no seed, and no Monte Carlo error. Null without values.
 * `low` and `high` are at two-sided `confidence`.
 */
export function bootstrapQuantile(
  values: readonly number[],
  options: { readonly p?: number; readonly confidence?: number } = {},
): Estimate | null {
  const { p = 0.5, confidence = CONFIDENCE } = options;
  if (values.length === 0) return null;
  const ascending = sorted(values);
  const estimate = quantileOf(ascending, p);
  if (values.length === 1) return { median: estimate, low: null, high: null };
  if (ascending[0] === ascending[ascending.length - 1]) return { median: estimate, low: estimate, high: estimate };

  const outcomes = idealBootstrap(ascending, p);
  const bias = jstat.normal.inv(massBelow(outcomes, estimate), 0, 1);
  const acceleration = accelerationOf(ascending, p);
  const tail = (1 - confidence) / 2;
  const endpoint = (probability: number): number => {
    const z = bias + jstat.normal.inv(probability, 0, 1);
    const level = jstat.normal.cdf(bias + z / (1 - acceleration * z), 0, 1);
    let mass = 0;
    return (
      outcomes.find((outcome) => (mass += outcome.mass) >= level)?.value ??
      values.reduce((most, value) => Math.max(most, value))
    );
  };
  return { median: estimate, low: endpoint(tail), high: endpoint(1 - tail) };
}

/** One value that the quantile of a resample can have, and its probability. */
export interface Outcome {
  readonly value: number;
  readonly mass: number;
}

/** Outcomes rarer than this are left out: together they are far below what a double tells of a probability near 1. */
const NEGLIGIBLE = 1e-18;

/**
 * Every outcome of a resample's quantile with its probability, ascending (Hutson and Ernst, JRSS B 62, 2000). A resample
 * is n draws from the n values; with r draws up to index i (the largest of them i) and n - r draws from index j on (the
 * smallest of them j), its order statistics r and r + 1 are the values at i and j, between which the quantile lies.
 */
export function idealBootstrap(ascending: Float64Array, p: number): Outcome[] {
  const n = ascending.length;
  const position = (n - 1) * p;
  const r = Math.floor(position) + 1;
  const fraction = position - (r - 1);
  const valueAt = (i: number): number => ascending[i - 1] ?? Number.NaN;
  /** Logarithm of the probability that the largest of r draws is i: all are up to i, and not all are below it. */
  const largestIs = (i: number): number => r * Math.log(i / n) + logOneMinus(((i - 1) / i) ** r);
  const smallestIs = (j: number): number =>
    (n - r) * Math.log((n - j + 1) / n) + logOneMinus(((n - j) / (n - j + 1)) ** (n - r));
  const ways = jstat.combinationln(n, r);
  const outcomes: Outcome[] = [];
  for (let i = 1; i <= n; i++) {
    const of = ways + largestIs(i);
    const mass = atMost(i, r, n) - atMost(i - 1, r, n);
    const apart = r === n ? 0 : Math.exp(of + (n - r) * Math.log1p(-i / n));
    if (fraction === 0) {
      outcomes.push({ value: valueAt(i), mass });
      continue;
    }
    outcomes.push({ value: valueAt(i), mass: Math.max(0, mass - apart) });
    for (let j = i + 1; j <= n; j++) {
      const mass = Math.exp(of + smallestIs(j));
      // The further j is from i, the rarer.
      if (mass < NEGLIGIBLE) break;
      outcomes.push({ value: valueAt(i) + fraction * (valueAt(j) - valueAt(i)), mass });
    }
  }
  return outcomes.sort((a, b) => a.value - b.value);
}

/** Probability that at least r of n draws are among the first i of n values. */
function atMost(i: number, r: number, n: number): number {
  if (i === 0) return 0;
  return i === n ? 1 : jstat.beta.cdf(i / n, r, n - r + 1);
}

function logOneMinus(x: number): number {
  return Math.log1p(-x);
}

/** Probability of an outcome below the estimate, ties counted half, kept off 0 and 1 where the normal quantile is infinite. */
function massBelow(outcomes: readonly Outcome[], estimate: number): number {
  let below = 0;
  for (const { value, mass } of outcomes) {
    if (value < estimate) below += mass;
    else if (value === estimate) below += mass / 2;
  }
  return Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, below));
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
