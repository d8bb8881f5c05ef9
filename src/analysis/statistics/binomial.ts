/**
 * Exact binomial intervals: what n yes-or-no trials say about a probability, with no normal approximation, so that they
 * also hold where it matters most, at no leak in n. Does not allow for trials that depend on one another.
 */
import jstat from 'jstat';

export const CONFIDENCE = 0.95;

export interface Proportion {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Clopper-Pearson interval (Biometrika 26, 1934) of `successes` in `trials` at two-sided `confidence`; null without
 * trials.
 */
export function clopperPearson(successes: number, trials: number, confidence = CONFIDENCE): Proportion | null {
  checkCounts(successes, trials);
  if (trials === 0) return null;
  const tail = (1 - confidence) / 2;
  return {
    estimate: successes / trials,
    low: successes === 0 ? 0 : jstat.beta.inv(tail, successes, trials - successes + 1),
    high: successes === trials ? 1 : jstat.beta.inv(1 - tail, successes + 1, trials - successes),
  };
}

/** One-sided exact upper bound at `confidence`; for 0 of n it is 1 - (1 - confidence)^(1/n). Null without trials. */
export function upperBound(successes: number, trials: number, confidence = CONFIDENCE): number | null {
  checkCounts(successes, trials);
  if (trials === 0) return null;
  if (successes === 0) return 1 - (1 - confidence) ** (1 / trials);
  return successes === trials ? 1 : jstat.beta.inv(confidence, successes + 1, trials - successes);
}

function checkCounts(successes: number, trials: number): void {
  if (Number.isInteger(successes) && Number.isInteger(trials) && successes >= 0 && successes <= trials) return;
  throw new RangeError(`${successes} of ${trials} is no count: whole numbers with 0 <= successes <= trials are`);
}
