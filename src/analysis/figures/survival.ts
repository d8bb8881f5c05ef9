/** For how long the swarm still comes to the real address after containment: Kaplan-Meier by kill switch. */
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import { kaplanMeier } from '../statistics/survival.ts';
import { judged, survivalObservations } from '../summary/cells.ts';
import { switchesOf, thinned, type Figure, type FigureInput } from './figure.ts';
import { ACCENT, INK } from './style.ts';

function survivalSpec(input: FigureInput): TopLevelSpec | null {
  const curves: object[] = [];
  const censorings: object[] = [];
  const labels: string[] = [];
  for (const killSwitch of switchesOf(input)) {
    const observations = survivalObservations(judged(input.rows.filter(({ cell }) => cell.killSwitch === killSwitch)));
    const steps = kaplanMeier(observations);
    if (steps.length === 0) continue;
    const label = `${killSwitch} (${observations.length})`;
    labels.push(label);
    curves.push({ label, time: 0, survival: 1, low: 1, high: 1 });
    for (const { time, survival, low, high } of thinned(steps)) {
      curves.push({ label, time, survival, low: low ?? survival, high: high ?? survival });
    }
    for (const { time, survival } of thinned(steps.filter(({ censored }) => censored > 0))) {
      censorings.push({ label, time, survival });
    }
  }
  if (curves.length === 0) return null;
  const x = {
    field: 'time',
    type: 'quantitative',
    axis: { title: 'seconds since containment', tickCount: 5 },
  } satisfies PositionFieldDef<string>;
  const y = {
    field: 'survival',
    type: 'quantitative',
    scale: { domain: [0, 1] },
    axis: { title: 'still knocked at', format: '.0%', tickCount: 3 },
  } satisfies PositionFieldDef<string>;
  return {
    data: {
      values: [
        ...curves.map((row) => ({ ...row, kind: 'curve' })),
        ...censorings.map((row) => ({ ...row, kind: 'censored' })),
      ],
    },
    facet: { field: 'label', type: 'nominal', sort: labels, title: null },
    resolve: { axis: { x: 'independent' } },
    columns: 3,
    spec: {
      width: 190,
      height: 130,
      layer: [
        {
          transform: [{ filter: "datum.kind === 'curve'" }],
          mark: { type: 'area', interpolate: 'step-after', color: ACCENT, opacity: 0.18 },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
        },
        {
          transform: [{ filter: "datum.kind === 'curve'" }],
          mark: { type: 'line', interpolate: 'step-after', color: INK, strokeWidth: 1.6 },
          encoding: { x, y },
        },
        {
          transform: [{ filter: "datum.kind === 'censored'" }],
          mark: { type: 'point', shape: 'cross', filled: false, color: INK, size: 14, opacity: 1 },
          encoding: { x, y },
        },
      ],
    },
  };
}

export const survivalFigure: Figure = {
  id: 'survival',
  title: 'For how long the swarm still comes to the real address',
  caption:
    'Share of trials with knocks in which a packet from the swarm still arrived after the time shown (Kaplan-Meier, ' +
    'log-log 95 % band); a cross marks trials that ended while knocks still came. In brackets: trials with knocks.',
  spec: survivalSpec,
};
