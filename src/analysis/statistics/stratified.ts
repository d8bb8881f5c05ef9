/**
 * One question asked in several cells at once: each cell is a stratum, compared only within itself, and the evidence is
 * added up. One-sided: do the new values tend to be larger? Assumes that a change goes the same way in most strata.
 */
import jstat from 'jstat';
import { rank } from './ranks.ts';

export interface Counts {
  readonly yes: number;
  readonly all: number;
}

/**
 * p that the new counts have no larger share of yes than the old ones: the exact conditional test of Mantel and Haenszel
 * (JNCI 22, 1959). Null where no stratum could show a difference.
 */
export function moreOften(strata: readonly { readonly fresh: Counts; readonly old: Counts }[]): number | null {
  let distribution = [1]; // of the sum over strata of the new yes beyond the fewest possible
  let observed = 0;
  for (const { fresh, old } of strata) {
    const all = fresh.all + old.all;
    const yes = fresh.yes + old.yes;
    const least = Math.max(0, fresh.all + yes - all);
    const most = Math.min(fresh.all, yes);
    if (most <= least) continue;
    const pmf = Array.from({ length: most - least + 1 }, (_, k) => jstat.hypgeom.pdf(least + k, all, yes, fresh.all));
    distribution = convolved(distribution, pmf);
    observed += fresh.yes - least;
  }
  if (distribution.length === 1) return null;
  return Math.min(
    1,
    distribution.slice(observed).reduce((sum, p) => sum + p, 0),
  );
}

/**
 * p that the new values are not larger: van Elteren's sum of Mann-Whitney statistics, each weighted by 1 / (N + 1)
 * (Bull. Inst. Int. Stat. 37, 1960), by its normal approximation with ties. Null where no stratum could show a
 * difference.
 */
export function larger(
  strata: readonly { readonly fresh: readonly number[]; readonly old: readonly number[] }[],
): number | null {
  let excess = 0;
  let variance = 0;
  for (const { fresh, old } of strata) {
    const [n, m] = [fresh.length, old.length];
    if (n === 0 || m === 0) continue;
    const all = n + m;
    const { rankSum, tieSum } = rank(fresh, old);
    const weight = 1 / (all + 1);
    excess += weight * (rankSum - (n * (all + 1)) / 2);
    variance += weight ** 2 * ((n * m) / 12) * (all + 1 - tieSum / (all * (all - 1)));
  }
  return variance <= 0 ? null : jstat.normal.cdf(-excess / Math.sqrt(variance), 0, 1);
}

/**
 * p that the new values are no more often among the largest of their stratum: `moreOften` for values above the pooled
 * quantile 1 - `share`. Sees a stretched distribution (a polling period doubled) with far fewer trials than ranks do.
 */
export function moreInUpperTail(
  strata: readonly { readonly fresh: readonly number[]; readonly old: readonly number[] }[],
  share = 0.1,
): number | null {
  return moreOften(
    strata.map(({ fresh, old }) => {
      const pooled = [...fresh, ...old].sort((a, b) => a - b);
      const threshold = pooled[Math.ceil(pooled.length * (1 - share)) - 1] ?? Number.POSITIVE_INFINITY;
      const counts = (values: readonly number[]): Counts => {
        return { yes: values.filter((value) => value > threshold).length, all: values.length };
      };
      return { fresh: counts(fresh), old: counts(old) };
    }),
  );
}

/** p of two tests of one question: Bonferroni's, at most twice the smaller. Null where neither has a say. */
export function either(a: number | null, b: number | null): number | null {
  return a === null && b === null ? null : Math.min(1, 2 * Math.min(a ?? 1, b ?? 1));
}

function convolved(a: readonly number[], b: readonly number[]): number[] {
  const sums = new Array<number>(a.length + b.length - 1).fill(0);
  a.forEach((p, i) => {
    b.forEach((q, j) => {
      sums[i + j] = (sums[i + j] ?? 0) + p * q;
    });
  });
  return sums;
}
