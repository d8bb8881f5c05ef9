/** Detection delay against the polling period, with the model's line. */
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import { judged, valuesOf } from '../summary/cells.ts';
import { thinned, type Figure, type FigureInput } from './figure.ts';
import { INK, MUTED, SAFE } from './style.ts';

function pollingSpec({ summary, rows }: FigureInput): TopLevelSpec | null {
  // The model's lines are those of one period.
  const polling = summary.polling.filter(({ periods }) => periods === undefined);
  if (polling.length === 0) return null;
  const points = polling.flatMap(({ killSwitch, periodSeconds }) => {
    const trials = judged(rows.filter(({ cell }) => cell.killSwitch === killSwitch));
    const delays = valuesOf(trials, (row) => row.detectionSeconds).sort((a, b) => a - b);
    return thinned(delays).map((delay) => ({ period: periodSeconds, delay }));
  });
  const medians = polling.map(({ periodSeconds, detectionSeconds }) => ({
    period: periodSeconds,
    delay: detectionSeconds.median,
    low: detectionSeconds.low ?? detectionSeconds.median,
    high: detectionSeconds.high ?? detectionSeconds.median,
  }));
  const periods = polling.map(({ periodSeconds }) => periodSeconds);
  const [from, to] = [(periods[0] ?? 0) / 1.6, (periods.at(-1) ?? 0) * 1.6];
  const line = (factor: number, name: string): object[] =>
    [from, to].map((period) => ({ period, delay: period * factor, name }));
  const x = {
    field: 'period',
    type: 'quantitative',
    scale: { type: 'log', domain: [from, to], nice: false },
    axis: { title: 'polling period T, seconds', values: [...new Set(periods)], format: '~g', grid: false },
  } satisfies PositionFieldDef<string>;
  const y = {
    field: 'delay',
    type: 'quantitative',
    scale: { type: 'log', nice: false },
    axis: { title: 'fault to detection, seconds', format: '~g', tickCount: 6 },
  } satisfies PositionFieldDef<string>;
  return {
    width: 460,
    height: 280,
    layer: [
      {
        data: { values: points },
        mark: { type: 'tick', orient: 'horizontal', color: SAFE, opacity: 0.7, width: 14, thickness: 1 },
        encoding: { x, y },
      },
      {
        data: { values: [...line(0.5, 'expected: T / 2'), ...line(1, 'at most: T')] },
        mark: { type: 'line', color: MUTED, clip: true },
        encoding: {
          x,
          y,
          strokeDash: {
            field: 'name',
            type: 'nominal',
            sort: null,
            legend: { title: 'model, uniform on [0, T]', orient: 'top' },
          },
        },
      },
      {
        data: { values: medians },
        mark: { type: 'rule', color: INK, strokeWidth: 2.5 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
      },
      {
        data: { values: medians },
        mark: { type: 'point', shape: 'diamond', filled: true, color: INK, size: 70, opacity: 1 },
        encoding: { x, y },
      },
    ],
  };
}

export const pollingFigure: Figure = {
  id: 'polling',
  title: 'How long a polling kill switch takes to notice, against its period',
  caption:
    'A tick is a trial, a diamond the median with its 95 % bootstrap interval. The lines are the model stated ' +
    'beforehand: the fault falls anywhere in the period.',
  spec: pollingSpec,
};
