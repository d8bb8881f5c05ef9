/**
 * Sequential allocation: a cell is looked at after numbers of trials that were fixed beforehand, and gets more of them
 * only while the exact interval of its leak probability is still wider than asked.
 *
 * Each look's interval is at a confidence of 1 - 0.05 / (number of looks). By Bonferroni's inequality all of a cell's
 * looks hold together in at least 95 % of campaigns, so the one it stops at does, whichever that is and whatever decided
 * it. What is asked of several cells at once (comparisons, pooled shares) uses the trials up to the first look, whose
 * number no result has chosen. An upper bound of no leak in n needs no correction: without a leak n is the same in every
 * campaign.
 */
import { CONFIDENCE, clopperPearson } from './binomial.ts';

/** Fixed before the first trial and written into the manifest. */
export interface SequentialRule {
  /** Trials of a cell after which it is looked at, ascending; the last is the most it gets. */
  readonly looks: readonly number[];
  /** A cell is done when the interval of its leak probability is at most this wide. */
  readonly width: number;
}

/** What a cell has come to at a look. */
export interface CellCounts {
  readonly leaks: number;
  readonly noLeaks: number;
  readonly unsupported: number;
  readonly inconclusive: number;
}

/** Two-sided confidence of a cell's interval. */
export function confidenceOf(rule: SequentialRule | undefined): number {
  return rule === undefined ? CONFIDENCE : 1 - (1 - CONFIDENCE) / rule.looks.length;
}

/**
 * Whether a cell needs no more trials. Looks at the width alone, never at a difference between cells. A cell of which
 * every trial was declared unsupported has nothing to be measured.
 */
export function isKnown({ leaks, noLeaks, unsupported, inconclusive }: CellCounts, rule: SequentialRule): boolean {
  const interval = clopperPearson(leaks, leaks + noLeaks, confidenceOf(rule));
  if (interval === null) return unsupported > 0 && inconclusive === 0;
  return interval.high - interval.low <= rule.width;
}

/** The rule in sentences, for the terminal, the summary and the report. */
export function statedRule(rule: SequentialRule): string {
  const { looks, width } = rule;
  const most = looks.at(-1) ?? 0;
  const confidence = `${Number((100 * confidenceOf(rule)).toFixed(2))} %`;
  return (
    `Each cell is looked at after ${looks.slice(0, -1).join(', ')} and ${most} trials and gets no more once the exact ` +
    `interval of its leak probability is at most ${width} wide. For ${looks.length} looks the intervals of cells are at ` +
    `${confidence}, so that the one a cell stops at holds with at least 95 %. Comparisons between cells and shares over ` +
    `several cells use the trials of each up to its first look.`
  );
}
