/**
 * Asks whether labs side by side influence each other. The same plan is run one at a time and then many at a time, as
 * two campaigns of their own, and the gaps of each cell are held against each other: equivalent when two one-sided
 * tests say that they differ by less than a tenth of the median, or 5 ms where that is larger.
 *
 * A trial is held against the same trial of the other campaign: its moment is the same to the millisecond, and where in
 * the client's own rhythm the tunnel falls is most of what makes one gap longer than another. A gap that was not over
 * when the outage ended counts as the whole outage, and a trial without a leak as a gap of zero: to leave either out
 * would compare those trials only that happened to end as one would like.
 */
import { median } from 'simple-statistics';
import { readCampaign } from '../../analysis/campaign/read-campaign.ts';
import { rowOf } from '../../analysis/summary/rows.ts';
import { equivalentPairs } from '../../analysis/statistics/signed-ranks.ts';
import { cellKey, namesOf, type CellNames } from '../../records/identity.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

const MARGIN_PART = 0.1;
const LEAST_MARGIN_SECONDS = 0.005;
const SIGNIFICANCE = 0.05;

export interface CellConcurrency {
  readonly cell: CellNames;
  readonly one: ArmSummary;
  readonly many: ArmSummary;
  /** Trials judged in both campaigns. */
  readonly pairs: number;
  readonly marginSeconds: number | null;
  /** Larger p-value of the two one-sided tests; null without pairs. */
  readonly p: number | null;
  readonly equivalent: boolean;
}

interface ArmSummary {
  readonly judged: number;
  readonly leaked: number;
  /** Leaks that were not over when the outage ended. */
  readonly censored: number;
  readonly medianGapSeconds: number | null;
}

interface Gap {
  /** The trial as planned: a disturbed one that was repeated has the name of the first attempt. */
  readonly trial: string;
  readonly cell: CellNames;
  readonly seconds: number;
  readonly leaked: boolean;
  readonly censored: boolean;
}

/** Compares two campaigns of the same plan, by cell. */
export async function compareConcurrency(one: string, many: string): Promise<CellConcurrency[]> {
  const [single, parallel] = await Promise.all([gapsOf(one), gapsOf(many)]);
  const { manifest } = await readCampaign(one);
  return manifest.scenario.cells.map((cell) => {
    const [first, second] = [single, parallel].map((gaps) => gaps.filter((gap) => cellKey(gap.cell) === cellKey(cell)));
    return { cell: namesOf(cell), ...compareGaps(first ?? [], second ?? []) };
  });
}

/** Compares the gaps of one cell. */
export function compareGaps(first: readonly Gap[], second: readonly Gap[]): Omit<CellConcurrency, 'cell'> {
  const counterparts = new Map(second.map((gap) => [gap.trial, gap.seconds]));
  const differences = first.flatMap(({ trial, seconds }) => {
    const counterpart = counterparts.get(trial);
    return counterpart === undefined ? [] : [counterpart - seconds];
  });
  const [one, many] = [summaryOf(first), summaryOf(second)];
  const marginSeconds =
    one.medianGapSeconds === null ? null : Math.max(MARGIN_PART * one.medianGapSeconds, LEAST_MARGIN_SECONDS);
  const p = marginSeconds === null ? null : equivalentPairs(differences, marginSeconds);
  return { one, many, pairs: differences.length, marginSeconds, p, equivalent: p !== null && p < SIGNIFICANCE };
}

export function concurrencyText(cells: readonly CellConcurrency[], jobs: number): string {
  const seconds = (value: number | null): string => (value === null ? 'none' : `${value.toFixed(3)} s`);
  const arm = ({ judged, leaked, censored, medianGapSeconds }: ArmSummary): string =>
    `${seconds(medianGapSeconds)} (${leaked} of ${judged} leaked, ${censored} to the end of the outage)`;
  const lines = cells.map(({ cell, one, many, pairs, marginSeconds, p, equivalent }) => {
    const name = `${cell.client}, ${cell.killSwitch}, ${cell.fault}`;
    const gaps = `median gap one at a time ${arm(one)}, at ${jobs} ${arm(many)}`;
    const test = p === null ? 'no test' : `${pairs} pairs, margin ${seconds(marginSeconds)}, p ${p.toPrecision(2)}`;
    return `${name}: ${gaps}; ${test}: ${equivalent ? 'equivalent' : 'NOT shown to be equivalent'}`;
  });
  return lines.join('\n');
}

async function gapsOf(folder: string): Promise<Gap[]> {
  const gaps: Gap[] = [];
  for await (const record of (await readCampaign(folder)).trials()) {
    const { verdict, measured } = rowOf(record);
    if (measured === null || (verdict !== 'leak' && verdict !== 'no-leak')) continue;
    const { gapSeconds, gapCensored: censored } = measured;
    const seconds = censored ? outageSeconds(record) : (gapSeconds ?? 0);
    gaps.push({
      trial: record.repeats ?? record.trial,
      cell: record.cell,
      seconds,
      leaked: verdict === 'leak',
      censored,
    });
  }
  return gaps;
}

function outageSeconds({ instants: { fault, restored } }: TrialRecord): number {
  return fault === null || restored === null ? 0 : (restored.beforeNs - fault.beforeNs) / NS_PER_SECOND;
}

function summaryOf(gaps: readonly Gap[]): ArmSummary {
  return {
    judged: gaps.length,
    leaked: gaps.filter(({ leaked }) => leaked).length,
    censored: gaps.filter(({ censored }) => censored).length,
    medianGapSeconds: gaps.length === 0 ? null : median(gaps.map(({ seconds }) => seconds)),
  };
}
