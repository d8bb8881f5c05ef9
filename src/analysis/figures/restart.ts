/** Where a restarted client went back to members it had learnt inside the tunnel, by client, switch and way of restart. */
import type { TopLevelSpec } from 'vega-lite';
import { clopperPearson } from '../statistics/binomial.ts';
import { grouped, judged } from '../summary/cells.ts';
import type { Figure, FigureInput } from './figure.ts';
import { INK, LEAK, SAFE } from './style.ts';
import { cellKey } from '../../records/identity.ts';

const LINKS = { contactedInTunnel: 'through the tunnel', contactedInClear: 'in the clear' } as const;

function restartSpec({ rows, summary }: FigureInput): TopLevelSpec | null {
  const cells = grouped(rows, ({ cell }) => cellKey(cell));
  const values = summary.cells.flatMap((cell) => {
    const group = cells.get(cellKey(cell)) ?? [];
    const trials = judged(group).flatMap(({ restart }) => (restart === null ? [] : [restart]));
    const { client, killSwitch, fault } = cell;
    return (['contactedInTunnel', 'contactedInClear'] as const).flatMap((link) => {
      const share = clopperPearson(trials.filter((trial) => trial[link]).length, trials.length);
      return share === null ? [] : [{ ...share, row: `${client}, ${killSwitch}`, fault, link: LINKS[link] }];
    });
  });
  if (values.length === 0) return null;
  return {
    data: { values },
    facet: { column: { field: 'fault', type: 'nominal', sort: null, title: null } },
    spec: {
      width: 200,
      height: { step: 22 },
      mark: { type: 'point', filled: true, size: 70, stroke: INK, strokeWidth: 0.6, opacity: 1 },
      encoding: {
        y: { field: 'row', type: 'nominal', sort: null, axis: { title: null } },
        yOffset: { field: 'link', type: 'nominal' },
        x: {
          field: 'estimate',
          type: 'quantitative',
          scale: { domain: [0, 1] },
          axis: { title: 'share of trials', format: '.0%', values: [0, 0.5, 1] },
        },
        shape: { field: 'link', type: 'nominal', legend: { title: null, orient: 'top' } },
        color: { field: 'link', type: 'nominal', scale: { domain: Object.values(LINKS), range: [SAFE, LEAK] } },
      },
    },
  };
}

export const restartFigure: Figure = {
  id: 'restart',
  title: 'Whether a restarted client goes back to what it learnt inside the tunnel',
  caption:
    'Share of judged trials in which the client, started again, came to peers or nodes that nobody could have named but ' +
    'what it had kept: through the tunnel, or in the clear.',
  spec: restartSpec,
};
