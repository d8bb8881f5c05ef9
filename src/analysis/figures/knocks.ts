/** Knocks at the real address over time, by client and kill switch. */
import type { TopLevelSpec } from 'vega-lite';
import { judged } from '../summary/cells.ts';
import { switchesOf, type Figure, type FigureInput } from './figure.ts';
import { LEAK } from './style.ts';

/** Bars over the time watched, whatever it is. */
const BARS = 60;

function knocksSpec(input: FigureInput): TopLevelSpec | null {
  const watched = judged(input.rows).flatMap((row) => row.knocksBySecond ?? []);
  if (watched.length === 0) return null;
  const longest = watched.reduce((most, { second }) => Math.max(most, second), 0) + 1;
  const step = Math.max(1, Math.ceil(longest / BARS));
  const clients = [...new Set(input.rows.map(({ cell }) => cell.client))];
  const values = clients.flatMap((client) =>
    switchesOf(input).flatMap((killSwitch) => {
      const rows = judged(
        input.rows.filter(({ cell }) => cell.killSwitch === killSwitch && cell.client === client),
      ).filter(({ knocksBySecond }) => knocksBySecond !== undefined);
      const bins = new Map<number, number>();
      for (const { second, packets } of rows.flatMap((row) => row.knocksBySecond ?? [])) {
        const from = Math.floor(second / step) * step;
        bins.set(from, (bins.get(from) ?? 0) + packets);
      }
      return [...bins].map(([from, packets]) => ({
        ...{ client, killSwitch, from, to: from + step },
        rate: packets / (rows.length * step),
      }));
    }),
  );
  return {
    data: { values },
    facet: {
      row: { field: 'killSwitch', type: 'nominal', sort: switchesOf(input), title: null },
      column: { field: 'client', type: 'nominal', sort: clients, title: null },
    },
    spec: {
      width: 230,
      height: 70,
      mark: { type: 'bar', color: LEAK, binSpacing: 0.5 },
      encoding: {
        x: { field: 'from', type: 'quantitative', bin: { binned: true }, axis: { title: 'seconds since the fault' } },
        x2: { field: 'to' },
        y: { field: 'rate', type: 'quantitative', axis: { title: 'knocks a second', tickCount: 3 } },
      },
    },
  };
}

export const knocksFigure: Figure = {
  id: 'knocks',
  title: 'Knocks at the real address after containment, over time',
  caption:
    'Packets of the swarm that arrived at the real address, a second and judged trial, to the end of the horizon. How ' +
    'often the lab’s own observers try again is their rule (once in 10 s, six times); the rest is the swarm’s.',
  spec: knocksSpec,
};
