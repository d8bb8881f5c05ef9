/**
 * Do labs side by side influence each other? The same plan is run one at a time and then many at a time, as two campaigns
 * of their own, and the gaps of each cell are held against each other: equivalent when two one-sided tests say that they
 * differ by less than a tenth of the median, or 5 ms where that is larger.
 */
import { median } from 'simple-statistics';
import { readCampaign } from '../analysis/campaign/read.ts';
import { rowOf, type TrialRow } from '../analysis/summary/rows.ts';
import { equivalentLocation } from '../analysis/statistics/equivalence.ts';
import type { Cell } from './records.ts';

const MARGIN_PART = 0.1;
const LEAST_MARGIN_SECONDS = 0.005;
const SIGNIFICANCE = 0.05;

export interface CellConcurrency {
  readonly cell: Cell;
  /** Trials whose gap ended before the outage did, its median in seconds, and trials that leaked of those judged. */
  readonly one: ArmSummary;
  readonly many: ArmSummary;
  readonly marginSeconds: number | null;
  /** Of the two one-sided tests; null where an arm has no gap. */
  readonly p: number | null;
  readonly equivalent: boolean;
}

interface ArmSummary {
  readonly gaps: number;
  readonly medianGapSeconds: number | null;
  readonly leaked: number;
  readonly judged: number;
}

/** Compares two campaigns of the same plan, by cell. */
export async function compareConcurrency(one: string, many: string): Promise<CellConcurrency[]> {
  const [single, parallel] = await Promise.all([rowsOf(one), rowsOf(many)]);
  const { manifest } = await readCampaign(one);
  return manifest.scenario.cells.map((cell) => {
    const arms = [single, parallel].map((rows) => rows.filter((row) => sameCell(row.cell, cell)));
    const [xs = [], ys = []] = arms.map((rows) => rows.flatMap(({ measured }) => measured?.gapSeconds ?? []));
    const [first, second] = [summaryOf(arms[0] ?? [], xs), summaryOf(arms[1] ?? [], ys)];
    const marginSeconds =
      first.medianGapSeconds === null ? null : Math.max(MARGIN_PART * first.medianGapSeconds, LEAST_MARGIN_SECONDS);
    const p = marginSeconds === null ? null : equivalentLocation(xs, ys, marginSeconds);
    // Where nothing leaked in either arm there is no gap to compare, and nothing to tell them apart.
    const quiet = xs.length === 0 && ys.length === 0 && first.judged > 0 && second.judged > 0;
    return { cell, one: first, many: second, marginSeconds, p, equivalent: quiet || (p !== null && p < SIGNIFICANCE) };
  });
}

export function concurrencyText(cells: readonly CellConcurrency[], jobs: number): string {
  const seconds = (value: number | null): string => (value === null ? 'none' : `${value.toFixed(3)} s`);
  const lines = cells.map(({ cell, one, many, marginSeconds, p, equivalent }) => {
    const name = `${cell.client}, ${cell.killSwitch}, ${cell.fault}`;
    const gaps = `median gap ${seconds(one.medianGapSeconds)} one at a time (n ${one.gaps}), ${seconds(many.medianGapSeconds)} at ${jobs} (n ${many.gaps})`;
    const test = p === null ? 'no test' : `margin ${seconds(marginSeconds)}, p ${p.toPrecision(2)}`;
    return `${name}: ${gaps}; ${test}: ${equivalent ? 'equivalent' : 'NOT shown to be equivalent'}`;
  });
  return lines.join('\n');
}

async function rowsOf(folder: string): Promise<TrialRow[]> {
  const rows: TrialRow[] = [];
  for await (const record of (await readCampaign(folder)).trials()) rows.push(rowOf(record));
  return rows.filter(({ verdict }) => verdict === 'leak' || verdict === 'no-leak');
}

function summaryOf(rows: readonly TrialRow[], gaps: readonly number[]): ArmSummary {
  return {
    gaps: gaps.length,
    medianGapSeconds: gaps.length === 0 ? null : median([...gaps]),
    leaked: rows.filter(({ verdict }) => verdict === 'leak').length,
    judged: rows.length,
  };
}

function sameCell(a: Cell, b: Cell): boolean {
  return a.client === b.client && a.killSwitch === b.killSwitch && a.fault === b.fault && a.moment === b.moment;
}
