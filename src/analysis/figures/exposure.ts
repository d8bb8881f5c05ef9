/**
 * Share of judged trials in which a third party learnt the real address, by third party and kill switch, with exact
 * intervals.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import { PARTIES } from '../../records/vocabulary.ts';
import { clopperPearson } from '../statistics/binomial.ts';
import { judged } from '../summary/cells.ts';
import { switchesOf, type Figure, type FigureInput } from './figure.ts';
import { INK, LEAK } from './style.ts';

function exposureSpec(input: FigureInput): TopLevelSpec | null {
  const switches = switchesOf(input);
  const values = switches.flatMap((killSwitch) => {
    const rows = judged(input.rows.filter(({ cell }) => cell.killSwitch === killSwitch));
    return PARTIES.flatMap((party) => {
      const told = rows.filter((row) => row.exposedTo[party] > 0).length;
      const share = clopperPearson(told, rows.length);
      return share === null ? [] : [{ killSwitch, party, ...share, label: `${told}/${rows.length}` }];
    });
  });
  if (values.length === 0) return null;
  const y = {
    field: 'killSwitch',
    type: 'nominal',
    sort: null,
    axis: { title: null },
  } satisfies PositionFieldDef<string>;
  const x = {
    field: 'estimate',
    type: 'quantitative',
    scale: { domain: [0, 1] },
    axis: { format: '.0%', title: null, values: [0, 0.5, 1] },
  } satisfies PositionFieldDef<string>;
  return {
    data: { values },
    facet: { column: { field: 'party', type: 'nominal', sort: [...PARTIES], title: null } },
    spec: {
      width: 104,
      height: { step: 30 },
      layer: [
        {
          mark: { type: 'rule', color: INK, strokeWidth: 1.5 },
          encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        {
          mark: { type: 'point', filled: true, size: 60, opacity: 1 },
          encoding: {
            y,
            x,
            shape: { condition: { test: 'datum.estimate > 0', value: 'circle' }, value: 'diamond' },
            color: { condition: { test: 'datum.estimate > 0', value: LEAK }, value: 'white' },
            stroke: { value: INK },
          },
        },
        {
          mark: { type: 'text', dy: -10, fontSize: 9 },
          encoding: {
            y,
            x,
            text: { field: 'label', type: 'nominal' },
          },
        },
      ],
    },
  };
}

export const exposureFigure: Figure = {
  id: 'exposure',
  title: 'Who learnt the real address, share of judged trials',
  caption:
    'From the fault on, by packet source or by content. Lines are exact 95 % intervals; a hollow diamond at zero means ' +
    'that it was seen in no trial, which the line’s upper end bounds.',
  spec: exposureSpec,
};
