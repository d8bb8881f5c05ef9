/**
 * Two samples compared by ranks: whether values of one tend to be larger (Mann-Whitney), and how much more often
 * (Cliff's delta). Distribution-free. simple-statistics has only the rank sum itself.
 */
import jstat from 'jstat';

export interface MannWhitney {
  /** Pairs (x, y) with x > y, ties counted half. */
  readonly u: number;
  /** Two-sided. */
  readonly p: number;
  /** `exact` where there are no ties and the samples are small, else the normal approximation with tie correction. */
  readonly method: 'exact' | 'normal';
}

/** Without ties the exact distribution is used as SciPy's `auto` does, and only where doubles still count exactly. */
const EXACT_SMALLER_UP_TO = 8;
const EXACT_LARGER_UP_TO = 50;

/** Mann-Whitney's test of `xs` against `ys`; null when either is empty. */
export function mannWhitney(xs: readonly number[], ys: readonly number[]): MannWhitney | null {
  const n = xs.length;
  const m = ys.length;
  if (n === 0 || m === 0) return null;
  const { rankSum, tieSum, ties } = rank(xs, ys);
  const u = rankSum - (n * (n + 1)) / 2;
  const small = Math.min(n, m) <= EXACT_SMALLER_UP_TO && Math.max(n, m) <= EXACT_LARGER_UP_TO;
  if (!ties && small) return { u, p: exactP(u, n, m), method: 'exact' };
  const all = n + m;
  const variance = ((n * m) / 12) * (all + 1 - tieSum / (all * (all - 1)));
  if (variance === 0) return { u, p: 1, method: 'normal' };
  // Continuity correction, as R's wilcox.test and SciPy's mannwhitneyu have it.
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance);
  return { u, p: Math.min(1, 2 * jstat.normal.cdf(-z, 0, 1)), method: 'normal' };
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

function rank(
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

/** P(|U - mean| >= |u - mean|) from the exact null distribution (Mann and Whitney's recurrence). */
function exactP(u: number, n: number, m: number): number {
  // ways[k] after adding i values of x: arrangements with U = k.
  let ways = new Float64Array(n * m + 1);
  ways[0] = 1;
  for (let i = 1; i <= n; i++) {
    // Gaussian binomial: multiply by (1 - q^(m+i)), divide by (1 - q^i).
    const next = Float64Array.from(ways);
    for (let k = next.length - 1; k >= m + i; k--) next[k] = (next[k] ?? 0) - (next[k - m - i] ?? 0);
    for (let k = i; k < next.length; k++) next[k] = (next[k] ?? 0) + (next[k - i] ?? 0);
    ways = next;
  }
  const total = ways.reduce((sum, count) => sum + count, 0);
  const extreme = Math.min(u, n * m - u);
  let tail = 0;
  for (let k = 0; k <= extreme; k++) tail += ways[k] ?? 0;
  return Math.min(1, (2 * tail) / total);
}
