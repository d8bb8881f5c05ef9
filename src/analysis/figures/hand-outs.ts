/** For how long the swarm hands the real address out to strangers, beside one the lab planted: Kaplan-Meier by party. */
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import { kaplanMeier } from '../statistics/survival.ts';
import { handOutObservations } from '../summary/hand-outs.ts';
import { thinned, type Figure, type FigureInput } from './figure.ts';
import { LEAK, SAFE } from './style.ts';

const ADDRESS = { real: 'the real address', planted: 'a planted address' } as const;

function handOutsSpec({ summary, rows }: FigureInput): TopLevelSpec | null {
  const values: object[] = [];
  for (const { party, who } of summary.handOuts) {
    const steps = kaplanMeier(handOutObservations(rows, party, who));
    values.push({ party, address: ADDRESS[who], time: 0, survival: 1 });
    for (const { time, survival } of thinned(steps)) values.push({ party, address: ADDRESS[who], time, survival });
  }
  if (values.length === 0) return null;
  const parties = [...new Set(summary.handOuts.map(({ party }) => party))];
  const x = {
    field: 'time',
    type: 'quantitative',
    axis: { title: 'seconds since learning it', tickCount: 5 },
  } satisfies PositionFieldDef<string>;
  const y = {
    field: 'survival',
    type: 'quantitative',
    scale: { domain: [0, 1] },
    axis: { title: 'still handed out', format: '.0%', tickCount: 3 },
  } satisfies PositionFieldDef<string>;
  return {
    data: { values },
    facet: { column: { field: 'party', type: 'nominal', sort: parties, title: null } },
    spec: {
      width: 210,
      height: 150,
      mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.8 },
      encoding: {
        x,
        y,
        color: { field: 'address', type: 'nominal', scale: { domain: Object.values(ADDRESS), range: [LEAK, SAFE] } },
        strokeDash: { field: 'address', type: 'nominal', legend: { title: null, orient: 'top' } },
      },
    },
  };
}

export const handOutsFigure: Figure = {
  id: 'hand-outs',
  title: 'For how long the swarm hands the address out to strangers',
  caption:
    'Share of parties that still named the address when an independent reader asked, by the time since they learnt it ' +
    '(Kaplan-Meier over the judged trials). The planted address was announced once by the lab, as a control.',
  spec: handOutsSpec,
};
