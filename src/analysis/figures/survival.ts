/**
 * Time for which the swarm still comes to the real address after containment: Kaplan-Meier by client and kill switch.
 */
import type { TopLevelSpec } from 'vega-lite';
import { judged, survivalObservations } from '../summary/cells.ts';
import { curvesSpec } from './curves.ts';
import { clientsOf, rowsOf, switchesOf, type Figure, type FigureInput } from './figure.ts';
import { ACCENT } from './style.ts';

const LINE = 'knocks';

function survivalSpec(input: FigureInput): TopLevelSpec | null {
  const [rows, columns] = [switchesOf(input), clientsOf(input)];
  const curves = rows.flatMap((row) =>
    columns.map((column) => ({
      ...{ row, column, line: LINE },
      observations: survivalObservations(judged(rowsOf(input, column, row))),
    })),
  );
  return curvesSpec(curves, {
    ...{ rows, columns, lines: { [LINE]: ACCENT } },
    ...{ since: 'containment', still: 'still knocked at' },
  });
}

export const survivalFigure: Figure = {
  id: 'survival',
  title: 'For how long the swarm still comes to the real address',
  caption:
    'Share of trials with knocks (n) in which a packet from the swarm still arrived after the time shown, by client and ' +
    'kill switch (Kaplan-Meier, log-log 95 % band, none where a single trial is all there is); a cross marks trials ' +
    'that ended while knocks still came. Kill switches without a knock have no row.',
  spec: survivalSpec,
};
