/** How many trials it takes, for the case that matters most: no leak at all. */
import { CONFIDENCE } from './binomial.ts';

/**
 * Trials without a leak that are needed before the one-sided exact upper bound falls to `bound` (0.01 for 1 %): 299
 * for 1 % at 95 %.
 */
export function trialsForUpperBound(bound: number, confidence = CONFIDENCE): number {
  if (!(bound > 0 && bound < 1))
    throw new RangeError(`an upper bound of ${bound} cannot be planned: 0 < bound < 1 can`);
  return Math.ceil(Math.log(1 - confidence) / Math.log(1 - bound) - 1e-9);
}

/** `1%`, `0.5 %` or `0.01` as a share; null when it is none between 0 and 1. */
export function parseShare(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*$/.exec(text);
  if (match === null) return null;
  const value = Number(match[1]) / (match[2] === '%' ? 100 : 1);
  return value > 0 && value < 1 ? value : null;
}
