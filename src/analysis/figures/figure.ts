/** What a figure is: a name, what it shows, and a specification made from a campaign's numbers. */
import type { TopLevelSpec } from 'vega-lite';
import type { TrialRow } from '../summary/rows.ts';
import type { Summary } from '../summary/schema.ts';

export interface FigureInput {
  readonly summary: Summary;
  readonly rows: readonly TrialRow[];
}

export interface Figure {
  /** File name of the figure, without its ending, and its anchor in the report. */
  readonly id: string;
  readonly title: string;
  /** How to read it: what a point, a line, a band is, and what is not shown. */
  readonly caption: string;
  /** Draws the figure; null where the campaign has nothing to show in it. */
  readonly spec: (input: FigureInput) => TopLevelSpec | null;
}

/** Kill switches in the campaign's order. */
export function switchesOf({ summary }: FigureInput): string[] {
  return [...new Set(summary.cells.map(({ killSwitch }) => killSwitch))];
}

/** Clients in the campaign's order. */
export function clientsOf({ summary }: FigureInput): string[] {
  return [...new Set(summary.cells.map(({ client }) => client))];
}

/** The trials of one client under one kill switch, whatever the fault and the moment. */
export function rowsOf({ rows }: FigureInput, client: string, killSwitch: string): TrialRow[] {
  return rows.filter(({ cell }) => cell.client === client && cell.killSwitch === killSwitch);
}

/** A kill switch's name is longer than its row of a grid is high: it is written across, at the left. */
export const ROW_HEADER = { labelAngle: 0, labelAlign: 'left', labelOrient: 'left' } as const;

/** Most points a row of a figure has: beyond it the values are thinned to evenly spaced quantiles. */
const POINTS_PER_ROW = 160;

/** `values` in their order, thinned evenly when there are more than `POINTS_PER_ROW`. */
export function thinned<T>(values: readonly T[]): T[] {
  if (values.length <= POINTS_PER_ROW) return [...values];
  const step = (values.length - 1) / (POINTS_PER_ROW - 1);
  return Array.from({ length: POINTS_PER_ROW }, (_, i) => values[Math.round(i * step)]).flatMap((value) => value ?? []);
}
