/**
 * Durations by kill switch, a mark for each trial: the gap and the recovery. Points are spread over the height of their
 * row by rank, so that equal values stay visible.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import { judged } from '../summary/cells.ts';
import type { MeasuredRow } from '../summary/rows.ts';
import { bootstrapQuantile } from '../statistics/quantiles.ts';
import { switchesOf, thinned, type Figure, type FigureInput } from './figure.ts';
import { INK, LEAK, SAFE } from './style.ts';

interface Strip {
  readonly measure: (row: MeasuredRow) => number | null;
  /** Whether a value is only a lower bound; null where none can be. */
  readonly censored: ((row: MeasuredRow) => boolean) | null;
  readonly axis: string;
  readonly colour: string;
  /** What the trials without a value are called in the row's label. */
  readonly without: string;
}

/** Rows are this high, and their points spread over this share of it. */
const ROW_HEIGHT = 34;
const SPREAD = 0.6;
/** A logarithmic axis cannot show less; shorter durations are drawn here. */
const SHORTEST_SECONDS = 1e-4;

function stripSpec(input: FigureInput, strip: Strip): TopLevelSpec | null {
  const points: object[] = [];
  const medians: object[] = [];
  const labels: string[] = [];
  for (const killSwitch of switchesOf(input)) {
    const rows = judged(input.rows.filter(({ cell }) => cell.killSwitch === killSwitch));
    if (rows.length === 0) continue;
    const values = rows
      .flatMap((row) => {
        const seconds = strip.measure(row);
        return seconds === null ? [] : [{ seconds, censored: strip.censored?.(row) ?? false }];
      })
      .sort((a, b) => a.seconds - b.seconds);
    const without = rows.length - values.length;
    const label = without === 0 ? killSwitch : `${killSwitch}\n${strip.without}: ${without} of ${rows.length}`;
    labels.push(label);
    thinned(values).forEach(({ seconds, censored }, index) => {
      const spread = (((index * 0.618_034) % 1) - 0.5) * SPREAD * ROW_HEIGHT;
      points.push({ label, seconds: shown(seconds), spread, end: censored ? 'not seen' : 'seen' });
    });
    const seconds = values.map((value) => value.seconds);
    const estimate = bootstrapQuantile(seconds);
    if (estimate === null) continue;
    const [low, high] = [estimate.low ?? estimate.median, estimate.high ?? estimate.median];
    medians.push({ label, median: shown(estimate.median), low: shown(low), high: shown(high) });
  }
  if (points.length === 0) return null;
  const y = {
    field: 'label',
    type: 'nominal',
    sort: null,
    scale: { domain: labels },
    axis: { title: null, labelExpr: "split(datum.label, '\\n')" },
  } satisfies PositionFieldDef<string>;
  const x = {
    field: 'seconds',
    type: 'quantitative',
    scale: { type: 'log', nice: false, padding: 14 },
    axis: { title: strip.axis, format: '~g', tickCount: 8 },
  } satisfies PositionFieldDef<string>;
  return {
    height: { step: ROW_HEIGHT },
    width: 560,
    layer: [
      {
        data: { values: points },
        mark: { type: 'point', filled: false, size: 34, color: strip.colour, strokeWidth: 1.1 },
        encoding: {
          y,
          x,
          yOffset: { field: 'spread', type: 'quantitative', scale: { domain: [-ROW_HEIGHT / 2, ROW_HEIGHT / 2] } },
          shape: {
            field: 'end',
            type: 'nominal',
            scale: { domain: ['seen', 'not seen'], range: ['circle', 'triangle-right'] },
            legend: strip.censored === null ? null : { title: 'its end was', orient: 'top' },
          },
        },
      },
      {
        data: { values: medians },
        mark: { type: 'rule', color: INK, strokeWidth: 2.5 },
        encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
      {
        data: { values: medians },
        mark: { type: 'tick', color: INK, thickness: 3, height: 18 },
        encoding: { y, x: { ...x, field: 'median' } },
      },
    ],
  };
}

function shown(seconds: number): number {
  return Math.max(SHORTEST_SECONDS, seconds);
}

const reading =
  'One mark a trial; the upright bar is the median, the line through it its 95 % bootstrap interval. ' +
  'More than 160 values a row are thinned to evenly spaced quantiles.';

export const gapFigure: Figure = {
  id: 'gap',
  title: 'How long clear packets left after the fault, by kill switch',
  caption: `${reading} A triangle is a trial that still leaked when the outage ended: its gap is a lower bound.`,
  spec: (input) =>
    stripSpec(input, {
      measure: (row) => row.gapSeconds,
      censored: (row) => row.gapCensored,
      axis: 'gap, seconds (logarithmic)',
      colour: LEAK,
      without: 'no leak',
    }),
};

export const recoveryFigure: Figure = {
  id: 'recovery',
  title: 'What recovery costs: restoration to the first payload byte through the tunnel',
  caption: `${reading} Trials in which no payload came back are counted in the row's name.`,
  spec: (input) =>
    stripSpec(input, {
      measure: (row) => row.recoverySeconds,
      censored: null,
      axis: 'recovery, seconds (logarithmic)',
      colour: SAFE,
      without: 'never recovered',
    }),
};
