/** Time after which a copyright monitor would have had a row for the real address, by client and kill switch. */
import type { TopLevelSpec } from 'vega-lite';
import { judged } from '../summary/cells.ts';
import { plural } from '../summary/summary-words.ts';
import { clientsOf, rowsOf, switchesOf, thinned, type Figure, type FigureInput } from './figure.ts';
import { LEAK, SAFE } from './style.ts';

const SIGHTS = { namedSeconds: 'was told of it', metSeconds: 'met it' } as const;

function monitorSpec(input: FigureInput): TopLevelSpec | null {
  const values = switchesOf(input).flatMap((killSwitch) =>
    clientsOf(input).flatMap((client) => {
      const views = judged(rowsOf(input, client, killSwitch)).flatMap(({ monitor }) => monitor ?? []);
      if (views.length === 0) return [];
      const never = views.filter(({ metSeconds }) => metSeconds === null).length;
      const sights = (['namedSeconds', 'metSeconds'] as const).flatMap((way) =>
        thinned(views.flatMap((view) => view[way] ?? [])).map((seconds) => ({
          ...{ client, killSwitch, kind: 'sight', sight: SIGHTS[way], seconds },
        })),
      );
      const text = never === 0 ? '' : `never met in ${never} of ${plural(views.length, 'trial')}`;
      return [...sights, { client, killSwitch, kind: 'never', text }];
    }),
  );
  if (values.length === 0) return null;
  return {
    data: { values },
    facet: { column: { field: 'client', type: 'nominal', sort: clientsOf(input), title: null } },
    spec: {
      width: 260,
      height: { step: 40 },
      layer: [
        {
          transform: [{ filter: "datum.kind === 'sight'" }],
          mark: { type: 'point', filled: false, size: 60, strokeWidth: 1.5 },
          encoding: {
            x: {
              field: 'seconds',
              type: 'quantitative',
              scale: { domainMin: 0 },
              axis: { title: 'seconds since the fault', tickCount: 5 },
            },
            y: { field: 'killSwitch', type: 'nominal', sort: switchesOf(input), axis: { title: null } },
            shape: { field: 'sight', type: 'nominal', sort: null, legend: { title: 'the monitor', orient: 'top' } },
            color: {
              field: 'sight',
              type: 'nominal',
              scale: { domain: Object.values(SIGHTS), range: [SAFE, LEAK] },
            },
          },
        },
        {
          transform: [{ filter: "datum.kind === 'never'" }],
          mark: { type: 'text', align: 'right', baseline: 'top', dy: 6, fontSize: 10 },
          encoding: {
            x: { value: 256 },
            y: { field: 'killSwitch', type: 'nominal', sort: switchesOf(input) },
            text: { field: 'text' },
          },
        },
      ],
    },
  };
}

export const monitorFigure: Figure = {
  id: 'monitor',
  title: 'When a copyright monitor would have had a row for the real address',
  caption:
    'Each mark is a judged trial: when the monitor, which joins, asks tracker and DHT on a schedule and connects to whom ' +
    'it is told of, was first told of the real address, and when it first met it. A peer that it never met would have ' +
    'no row of evidence.',
  spec: monitorSpec,
};
