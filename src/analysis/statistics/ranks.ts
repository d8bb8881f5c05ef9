/**
 * Two samples compared by ranks: whether values of one tend to be larger (Mann-Whitney), and how much more often
 * (Cliff's delta). Distribution-free. simple-statistics has only the rank sum itself.
 */
import jstat from 'jstat';

export interface MannWhitney {
  /** Pairs (x, y) with x > y, ties counted half. */
  readonly u: number;
  readonly p: number;
  /** `exact` where there are no ties and the samples are small, else the normal approximation with tie correction. */
  readonly method: 'exact' | 'normal';
}

/**
 * Size of the smaller sample up to which the exact distribution is used, as SciPy's `auto` does: without ties, and only
 * where doubles still count exactly.
 */
const EXACT_SMALLER_UP_TO = 8;
const EXACT_LARGER_UP_TO = 50;

/** Difference that counts as evidence: either way, or only values of the first sample tending to be less or greater. */
export type Alternative = 'two-sided' | 'less' | 'greater';

/** Mann-Whitney's test of `xs` against `ys`; null when either is empty. */
export function mannWhitney(
  xs: readonly number[],
  ys: readonly number[],
  alternative: Alternative = 'two-sided',
): MannWhitney | null {
  const n = xs.length;
  const m = ys.length;
  if (n === 0 || m === 0) return null;
  const { rankSum, tieSum, ties } = rank(xs, ys);
  const u = rankSum - (n * (n + 1)) / 2;
  const small = Math.min(n, m) <= EXACT_SMALLER_UP_TO && Math.max(n, m) <= EXACT_LARGER_UP_TO;
  if (!ties && small) {
    const tail = exactTail(n, m);
    return { u, p: tailed(alternative, tail(u), tail(n * m - u)), method: 'exact' };
  }
  const all = n + m;
  const variance = ((n * m) / 12) * (all + 1 - tieSum / (all * (all - 1)));
  if (variance === 0) return { u, p: 1, method: 'normal' };
  // With the continuity correction of R's wilcox.test and SciPy's mannwhitneyu.
  const normalTail = (value: number): number =>
    jstat.normal.cdf((value - (n * m) / 2 + 0.5) / Math.sqrt(variance), 0, 1);
  return { u, p: tailed(alternative, normalTail(u), normalTail(n * m - u)), method: 'normal' };
}

/** The p asked for, from P(U <= u) and P(U >= u). */
function tailed(alternative: Alternative, atMost: number, atLeast: number): number {
  if (alternative === 'less') return atMost;
  return alternative === 'greater' ? atLeast : Math.min(1, 2 * Math.min(atMost, atLeast));
}

/**
 * Cliff's delta (Psychological Bulletin 114, 1993): the share of pairs with x > y less the share with x < y. From -1
 * to 1; null when either sample is empty.
 */
export function cliffsDelta(xs: readonly number[], ys: readonly number[]): number | null {
  if (xs.length === 0 || ys.length === 0) return null;
  const n = xs.length;
  const u = rank(xs, ys).rankSum - (n * (n + 1)) / 2;
  return (2 * u) / (n * ys.length) - 1;
}

/** Rank sum of `xs` in the pooled sample, and the sum over ties of t^3 - t. */
export function rank(
  xs: readonly number[],
  ys: readonly number[],
): { readonly rankSum: number; readonly tieSum: number; readonly ties: boolean } {
  const pooled = [...xs.map((value) => ({ value, x: 1 })), ...ys.map((value) => ({ value, x: 0 }))];
  pooled.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let tieSum = 0;
  for (let start = 0; start < pooled.length;) {
    let end = start;
    let fromX = 0;
    while (end < pooled.length && pooled[end]?.value === pooled[start]?.value) fromX += pooled[end++]?.x ?? 0;
    const size = end - start;
    rankSum += (fromX * (start + 1 + end)) / 2;
    tieSum += size ** 3 - size;
    start = end;
  }
  return { rankSum, tieSum, ties: tieSum > 0 };
}

/** u -> P(U <= u) when both samples come from one distribution without ties (Mann and Whitney's recurrence). */
function exactTail(n: number, m: number): (u: number) => number {
  const ways = new Float64Array(n * m + 1); // ways[k]: arrangements with U = k
  ways[0] = 1;
  for (let i = 1; i <= n; i++) {
    // The Gaussian binomial coefficient, a factor (1 - q^(m+i)) / (1 - q^i) at a time.
    for (let k = ways.length - 1; k >= m + i; k--) ways[k] = (ways[k] ?? 0) - (ways[k - m - i] ?? 0);
    for (let k = i; k < ways.length; k++) ways[k] = (ways[k] ?? 0) + (ways[k - i] ?? 0);
  }
  const total = ways.reduce((sum, count) => sum + count, 0);
  return (u) => {
    let tail = 0;
    for (let k = 0; k <= u; k++) tail += ways[k] ?? 0;
    return tail / total;
  };
}
