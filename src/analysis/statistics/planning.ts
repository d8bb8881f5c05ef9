/**
 * How many trials, and where. Planning is for the case that matters most, no leak at all; allocation gives the next
 * trial to the cell known least, under a rule fixed before the first trial.
 */
import { CONFIDENCE, clopperPearson } from './binomial.ts';

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

/** When a campaign has measured enough. Fixed before the first trial and written into the manifest. */
export interface StoppingRule {
  /** Every cell gets at least this many judged trials. */
  readonly atLeast: number;
  /** No cell gets more than this many trials. */
  readonly atMost: number;
  /** A cell is done when its two-sided exact interval is at most this wide. */
  readonly width: number;
}

/** What is known of a cell so far. */
export interface CellProgress {
  readonly leaks: number;
  readonly judged: number;
  /** Judged or not: what `atMost` counts, so that a cell that cannot be judged ends too. */
  readonly trials: number;
}

/**
 * Index of the cell that gets the next trial: below `atLeast` first, then the widest interval, the earlier on ties;
 * null when every cell is done. The rule looks at the width alone, never at whether a difference shows, so that it
 * cannot stop at a lucky moment.
 */
export function nextCell(cells: readonly CellProgress[], rule: StoppingRule): number | null {
  const needs = cells.map((cell) => needOf(cell, rule));
  const most = Math.max(0, ...needs);
  return most === 0 ? null : needs.indexOf(most);
}

/** The rule in a sentence, for the manifest and the report. */
export function statedRule({ atLeast, atMost, width }: StoppingRule): string {
  return (
    `Each cell gets ${atLeast} judged trials first; after that the next trial goes to the cell with the widest exact ` +
    `95 % interval for its leak probability, until every interval is at most ${width} wide or its cell has ` +
    `${atMost} trials. No look at a difference between cells decides when to stop.`
  );
}

/** 0 when done; above 1 while the minimum is missing; else the width of the interval. */
function needOf({ leaks, judged, trials }: CellProgress, { atLeast, atMost, width }: StoppingRule): number {
  if (trials >= atMost) return 0;
  if (judged < atLeast) return 2 - trials / atMost;
  const interval = clopperPearson(leaks, judged);
  const wide = interval === null ? 1 : interval.high - interval.low;
  return wide <= width ? 0 : wide;
}
