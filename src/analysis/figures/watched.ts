/** What the figures over the time to the horizon share: whose trials were watched so long, and when the client ended. */
import type { UnitSpec } from 'vega-lite/types_unstable/spec/unit.js';
import { judged } from '../summary/cells.ts';
import type { AftermathRow, MeasuredRow } from '../summary/rows.ts';
import { clientsOf, rowsOf, switchesOf, type FigureInput } from './figure.ts';
import { INK } from './style.ts';
import type { TimeUnit } from './time-unit.ts';

export interface WatchedTrial {
  readonly handOuts: MeasuredRow['handOuts'];
  readonly aftermath: AftermathRow;
}

/** The judged trials of one client under one kill switch that were watched to a horizon: at least one. */
export interface Place {
  readonly client: string;
  readonly killSwitch: string;
  readonly trials: readonly WatchedTrial[];
}

export function watchedPlaces(input: FigureInput): Place[] {
  return switchesOf(input).flatMap((killSwitch) =>
    clientsOf(input).flatMap((client) => {
      const trials = judged(rowsOf(input, client, killSwitch)).flatMap(({ handOuts, aftermath }) =>
        aftermath === undefined ? [] : [{ handOuts, aftermath }],
      );
      return trials.length === 0 ? [] : [{ client, killSwitch, trials }];
    }),
  );
}

/** The longest watch, in seconds since the fault. */
export function horizonOf(places: readonly Place[]): number {
  return places
    .flatMap(({ trials }) => trials.map(({ aftermath }) => aftermath.endSeconds ?? 0))
    .reduce((most, seconds) => Math.max(most, seconds), 0);
}

/**
 * The values that `GONE_LAYER` draws, one a trial, and one for each place of the grid: a place without a value would be
 * filled by its neighbour.
 */
export function goneValues(places: readonly Place[], unit: TimeUnit): object[] {
  const [clients, switches] = [new Set(places.map(({ client }) => client)), places.map(({ killSwitch }) => killSwitch)];
  const grid = [...new Set(switches)].flatMap((killSwitch) =>
    [...clients].map((client) => ({ client, killSwitch, kind: 'place' })),
  );
  return [
    ...grid,
    ...places.flatMap(({ client, killSwitch, trials }) =>
      trials.flatMap(({ aftermath: { clientGoneSeconds } }) =>
        clientGoneSeconds === null
          ? []
          : [{ client, killSwitch, kind: 'client gone', gone: clientGoneSeconds / unit.seconds }],
      ),
    ),
  ];
}

/** A dashed upright line where the client of a trial had ended. */
export const GONE_LAYER = {
  transform: [{ filter: "datum.kind === 'client gone'" }],
  mark: { type: 'rule', color: INK, strokeDash: [3, 3], strokeWidth: 1 },
  encoding: { x: { field: 'gone', type: 'quantitative' } },
} satisfies UnitSpec<string>;
