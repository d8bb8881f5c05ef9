/**
 * Two one-sided tests: evidence that a difference is smaller than a margin stated beforehand. A large p of an ordinary
 * test is no evidence of that; a small p here is.
 */
import jstat from 'jstat';
import { mannWhitney } from './ranks.ts';

/**
 * p that the locations of `xs` and `ys` differ by `margin` or more: the larger of two one-sided Mann-Whitney tests on
 * shifted values. Null when either is empty. Assumes distributions of one shape.
 */
export function equivalentLocation(xs: readonly number[], ys: readonly number[], margin: number): number | null {
  checkMargin(margin);
  const notBelow = mannWhitney(
    xs.map((x) => x + margin),
    ys,
    'greater',
  );
  const notAbove = mannWhitney(
    xs.map((x) => x - margin),
    ys,
    'less',
  );
  return notBelow === null || notAbove === null ? null : Math.max(notBelow.p, notAbove.p);
}

/**
 * p that the probabilities behind a of n and b of m differ by `margin` or more: the larger of two score tests, each with
 * its variance under its own hypothesis (Miettinen and Nurminen, Statist. Med. 4, 1985). Null without trials.
 */
export function equivalentProportions(a: number, n: number, b: number, m: number, margin: number): number | null {
  checkMargin(margin);
  if (n === 0 || m === 0) return null;
  const above = 1 - jstat.normal.cdf(scoreZ(a, n, b, m, -margin), 0, 1);
  const below = jstat.normal.cdf(scoreZ(a, n, b, m, margin), 0, 1);
  return Math.max(above, below);
}

/** (p1 - p2 - difference) over its standard error, both probabilities estimated under that difference. */
function scoreZ(a: number, n: number, b: number, m: number, difference: number): number {
  const [p1, p2] = restricted(a, n, b, m, difference);
  const all = n + m;
  const variance = ((p1 * (1 - p1)) / n + (p2 * (1 - p2)) / m) * (all / (all - 1));
  const distance = a / n - b / m - difference;
  if (variance <= 0) return distance === 0 ? 0 : Math.sign(distance) * Number.POSITIVE_INFINITY;
  return distance / Math.sqrt(variance);
}

/** Maximum-likelihood p1 and p2 given p1 - p2 = d: the root of their cubic that lies in [0, 1]. */
function restricted(a: number, n: number, b: number, m: number, d: number): readonly [number, number] {
  const l3 = n + m;
  const l2 = (n + 2 * m) * d - l3 - (a + b);
  const l1 = (m * d - l3 - 2 * b) * d + (a + b);
  const l0 = b * d * (1 - d);
  const q = l2 ** 3 / (3 * l3) ** 3 - (l1 * l2) / (6 * l3 ** 2) + l0 / (2 * l3);
  const p = Math.sign(q) * Math.sqrt(Math.max(0, l2 ** 2 / (3 * l3) ** 2 - l1 / (3 * l3)));
  const ratio = p === 0 ? 0 : Math.min(1, Math.max(-1, q / p ** 3));
  const p2 = clamped(2 * p * Math.cos((Math.PI + Math.acos(ratio)) / 3) - l2 / (3 * l3));
  return [clamped(p2 + d), p2];
}

function clamped(probability: number): number {
  return Math.min(1, Math.max(0, probability));
}

function checkMargin(margin: number): void {
  if (!(margin > 0)) throw new RangeError(`the margin ${margin} is no margin: a number above 0 is`);
}
