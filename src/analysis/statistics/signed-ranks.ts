/**
 * Wilcoxon's signed-rank test of differences between two members of a pair, and equivalence by two of them. Exact for
 * any number of differences, ties included (their ranks are averaged; zeros are left out, as Wilcoxon did).
 */

/** p that differences tend to be no greater than 0: small when they tend to be greater. Null without any but 0. */
export function signedRanksGreater(differences: readonly number[]): number | null {
  const sizes = differences.filter((each) => each !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  if (sizes.length === 0) return null;
  const doubled = doubledRanks(sizes.map(Math.abs));
  const total = doubled.reduce((sum, rank) => sum + rank, 0);
  const observed = doubled.reduce((sum, rank, at) => sum + ((sizes[at] ?? 0) > 0 ? rank : 0), 0);
  // The share of all ways to give signs whose positive ranks come to each sum: every sign halves what there was.
  let share = new Float64Array(total + 1);
  share[0] = 1;
  for (const rank of doubled) {
    const next = new Float64Array(total + 1);
    for (const [sum, part] of share.entries()) {
      if (part === 0) continue;
      next[sum] = (next[sum] ?? 0) + part / 2;
      next[sum + rank] = (next[sum + rank] ?? 0) + part / 2;
    }
    share = next;
  }
  return share.subarray(observed).reduce((sum, part) => sum + part, 0);
}

/**
 * p that the differences of pairs lie `margin` or more from 0: the larger of two one-sided tests on shifted differences.
 * Null without pairs. Throws `RangeError` for a margin that is not above 0.
 */
export function equivalentPairs(differences: readonly number[], margin: number): number | null {
  if (!(margin > 0)) throw new RangeError(`the margin ${margin} is no margin: a number above 0 is`);
  if (differences.length === 0) return null;
  const notBelow = signedRanksGreater(differences.map((each) => each + margin));
  const notAbove = signedRanksGreater(differences.map((each) => margin - each));
  return Math.max(notBelow ?? 1, notAbove ?? 1);
}

/** Ranks, doubled, of these ascending values: averages of tied ranks are halves. */
function doubledRanks(ascending: readonly number[]): number[] {
  return ascending.map((value) => ascending.indexOf(value) + 1 + ascending.lastIndexOf(value) + 1);
}
