/** Survival curves in a grid, each with its band: how the figures that show how long something lasts are drawn. */
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import { kaplanMeier, type Observation } from '../statistics/survival.ts';
import { ROW_HEADER, thinned } from './figure.ts';
import { INK } from './style.ts';
import { timeUnit } from './time-unit.ts';

export interface Curve {
  readonly row: string;
  readonly column: string;
  /** Name of the line among those of its place in the grid. */
  readonly line: string;
  readonly observations: readonly Observation[];
}

export interface Grid {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Lines and their colours. A single line needs no legend. */
  readonly lines: Readonly<Record<string, string>>;
  readonly since: string;
  readonly still: string;
}

const WIDTH = 190;
const HEIGHT = 105;

/** Survival curves as a grid of charts; null where no curve has an observation. Rows without one are left out. */
export function curvesSpec(
  curves: readonly Curve[],
  { rows, columns, lines, since, still }: Grid,
): TopLevelSpec | null {
  const drawn = curves.filter(({ observations }) => observations.length > 0);
  if (drawn.length === 0) return null;
  const longest = drawn
    .flatMap(({ observations }) => observations.map(({ time }) => time))
    .reduce((most, time) => Math.max(most, time));
  const unit = timeUnit(longest);
  const values = drawn.flatMap((curve) => stepsOf(curve, unit.seconds));
  const counts = [...new Set(drawn.map(({ row, column }) => `${row}\n${column}`))].map((key) => {
    const here = drawn.filter(({ row, column }) => `${row}\n${column}` === key);
    const n = here.reduce((sum, { observations }) => sum + observations.length, 0);
    return { row: here[0]?.row, column: here[0]?.column, kind: 'count', text: `n = ${n}` };
  });
  const drawnRows = rows.filter((row) => drawn.some((curve) => curve.row === row));
  // A place without a value would be filled by its neighbour.
  const places = drawnRows.flatMap((row) => columns.map((column) => ({ row, column, kind: 'place' })));
  const x = {
    field: 'time',
    type: 'quantitative',
    scale: { domain: [0, Math.max(longest / unit.seconds, Number.EPSILON)] },
    axis: { title: `${unit.name} since ${since}`, tickCount: 5 },
  } satisfies PositionFieldDef<string>;
  const y = {
    field: 'survival',
    type: 'quantitative',
    scale: { domain: [0, 1] },
    axis: { title: still, format: '.0%', tickCount: 3 },
  } satisfies PositionFieldDef<string>;
  const several = Object.keys(lines).length > 1;
  const legend = several ? ({ title: null, orient: 'top', symbolOpacity: 1 } as const) : null;
  const dash = { field: 'line', type: 'nominal', sort: null, legend } as const;
  const color = { ...dash, scale: { domain: Object.keys(lines), range: Object.values(lines) } };
  const of = (kind: string): { filter: string }[] => [{ filter: `datum.kind === '${kind}'` }];
  return {
    data: { values: [...values, ...counts, ...places] },
    facet: {
      row: {
        field: 'row',
        type: 'nominal',
        sort: drawnRows,
        title: null,
        header: ROW_HEADER,
      },
      column: { field: 'column', type: 'nominal', sort: [...columns], title: null },
    },
    spec: {
      width: WIDTH,
      height: HEIGHT,
      layer: [
        {
          transform: of('curve'),
          mark: { type: 'area', interpolate: 'step-after', opacity: 0.16 },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
        },
        {
          transform: of('curve'),
          mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.7 },
          encoding: { x, y, color, ...(several ? { strokeDash: dash } : {}) },
        },
        {
          transform: of('censored'),
          mark: { type: 'point', shape: 'cross', filled: false, size: 34, strokeWidth: 1.2, opacity: 1 },
          encoding: { x, y, color },
        },
        {
          transform: of('count'),
          mark: { type: 'text', align: 'right', baseline: 'bottom', color: INK },
          encoding: { text: { field: 'text' }, x: { value: WIDTH }, y: { value: -3 } },
        },
      ],
    },
  };
}

/** Rows of one curve: its steps with their band, and where observations of it were censored. */
function stepsOf({ row, column, line, observations }: Curve, unitSeconds: number): object[] {
  const steps = kaplanMeier(observations);
  const place = { row, column, line };
  return [
    { ...place, kind: 'curve', time: 0, survival: 1, low: 1, high: 1 },
    ...thinned(steps).map(({ time, survival, low, high }) => ({
      ...{ ...place, kind: 'curve', time: time / unitSeconds },
      ...{ survival, low: low ?? survival, high: high ?? survival },
    })),
    ...thinned(steps.filter(({ censored }) => censored > 0)).map(({ time, survival }) => ({
      ...{ ...place, kind: 'censored', time: time / unitSeconds, survival },
    })),
  ];
}
