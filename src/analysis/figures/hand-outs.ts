/**
 * Time for which the swarm hands the real address out to strangers: Kaplan-Meier by client, kill switch and kind of
 * party, and below it the same for an address that the lab planted, whose life depends on neither.
 */
import type { TopLevelSpec } from 'vega-lite';
import { handOutObservations } from '../summary/hand-outs.ts';
import { curvesSpec } from './curves.ts';
import { clientsOf, rowsOf, switchesOf, type Figure, type FigureInput } from './figure.ts';
import { PARTY_COLOURS } from './style.ts';

const PLANTED = 'planted by the lab';

function handOutsSpec(input: FigureInput): TopLevelSpec | null {
  const [switches, columns] = [switchesOf(input), clientsOf(input)];
  const parties = [...new Set(input.summary.handOuts.map(({ party }) => party))];
  const curves = columns.flatMap((column) => [
    ...switches.flatMap((row) => {
      const trials = rowsOf(input, column, row);
      return parties.map((line) => ({ row, column, line, observations: handOutObservations(trials, line, 'real') }));
    }),
    ...parties.map((line) => {
      const trials = input.rows.filter(({ cell }) => cell.client === column);
      return { row: PLANTED, column, line, observations: handOutObservations(trials, line, 'planted') };
    }),
  ]);
  return curvesSpec(curves, {
    rows: [...switches, PLANTED],
    columns,
    lines: Object.fromEntries(parties.map((party) => [party, PARTY_COLOURS[party]])),
    since: 'learning it',
    still: 'still handed out',
  });
}

export const handOutsFigure: Figure = {
  id: 'hand-outs',
  title: 'For how long the swarm hands the address out to strangers',
  caption:
    'Share of parties (n) that still named the real address when a stranger to the client asked, by the time since they ' +
    'learnt it (Kaplan-Meier over the judged trials, log-log 95 % band); a cross marks those that still named it when ' +
    'last asked. Last row: an address that the lab announced once, as a control. Kill switches under which nobody ' +
    'named it have no row.',
  spec: handOutsSpec,
};
