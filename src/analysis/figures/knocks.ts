/** Knocks at the real address over time, by client and kill switch. */
import type { TopLevelSpec } from 'vega-lite';
import { clientsOf, ROW_HEADER, switchesOf, type Figure, type FigureInput } from './figure.ts';
import { LEAK } from './style.ts';
import { timeUnit } from './time-unit.ts';
import { GONE_LAYER, goneValues, horizonOf, watchedPlaces } from './watched.ts';

/** Bars over the time watched, whatever it is. */
const BARS = 60;

function knocksSpec(input: FigureInput): TopLevelSpec | null {
  const places = watchedPlaces(input);
  if (!places.some(({ trials }) => trials.some(({ aftermath }) => aftermath.knocksBySecond.length > 0))) return null;
  const longest = horizonOf(places);
  const step = Math.max(1, Math.ceil(longest / BARS));
  const unit = timeUnit(longest);
  const values = places.flatMap(({ client, killSwitch, trials }) => {
    const bins = new Map<number, number>();
    for (const { second, packets } of trials.flatMap(({ aftermath }) => aftermath.knocksBySecond)) {
      const from = Math.floor(second / step) * step;
      bins.set(from, (bins.get(from) ?? 0) + packets);
    }
    return [...bins].map(([from, packets]) => ({
      ...{ client, killSwitch, kind: 'knocks', from: from / unit.seconds, to: (from + step) / unit.seconds },
      rate: (packets / (trials.length * step)) * unit.seconds,
    }));
  });
  return {
    data: { values: [...values, ...goneValues(places, unit)] },
    facet: {
      row: { field: 'killSwitch', type: 'nominal', sort: switchesOf(input), title: null, header: ROW_HEADER },
      column: { field: 'client', type: 'nominal', sort: clientsOf(input), title: null },
    },
    spec: {
      width: 230,
      height: 80,
      layer: [
        {
          transform: [{ filter: "datum.kind === 'knocks'" }],
          mark: { type: 'bar', color: LEAK, binSpacing: 0.5 },
          encoding: {
            x: {
              field: 'from',
              type: 'quantitative',
              bin: { binned: true },
              scale: { domain: [0, longest / unit.seconds] },
              axis: { title: `${unit.name} since the fault`, tickCount: 5 },
            },
            x2: { field: 'to' },
            y: {
              field: 'rate',
              type: 'quantitative',
              axis: { title: ['knocks', `a ${unit.name === 'minutes' ? 'minute' : 'second'}`], tickCount: 3 },
            },
          },
        },
        GONE_LAYER,
      ],
    },
  };
}

export const knocksFigure: Figure = {
  id: 'knocks',
  title: 'Knocks at the real address after containment, over time',
  caption:
    'Packets of the swarm that arrived at the real address after containment, per judged trial, to the end of the ' +
    'horizon. The dashed line is when the client had ended. How often the lab’s own observers try again is their rule ' +
    '(once in 10 s, six times); the rest is the swarm’s.',
  spec: knocksSpec,
};
