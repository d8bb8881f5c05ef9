/** Expiry of each implementation as measured with planted addresses, beside the documented one. */
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import { livesIn } from '../summary/expiry.ts';
import { thinned, type Figure, type FigureInput } from './figure.ts';
import { INK, LEAK, SAFE } from './style.ts';

const MINUTE = 60;

function expirySpec({ rows, summary }: FigureInput): TopLevelSpec | null {
  if (summary.expiry === undefined) return null;
  const documented = summary.expiry.flatMap(({ software, documentedSeconds }) =>
    documentedSeconds === null ? [] : [{ kind: 'documented', software, minutes: documentedSeconds / MINUTE }],
  );
  const windows = summary.expiry.flatMap(({ software, windowSeconds }) =>
    windowSeconds === undefined || windowSeconds === null
      ? []
      : [{ kind: 'window', software, minutes: windowSeconds[0] / MINUTE, until: windowSeconds[1] / MINUTE }],
  );
  const lives = livesIn(rows);
  const measured = thinned(lives).map(({ software, atLeastSeconds, atMostSeconds }) => ({
    kind: atMostSeconds === null ? 'still handed out' : 'ended',
    software,
    minutes: atLeastSeconds / MINUTE,
    until: (atMostSeconds ?? atLeastSeconds) / MINUTE,
  }));
  const y = { field: 'software', type: 'nominal', axis: { title: null } } satisfies PositionFieldDef<string>;
  const x = {
    field: 'minutes',
    type: 'quantitative',
    scale: { domainMin: 0 },
    axis: { title: 'minutes since it was announced', tickCount: 8 },
  } satisfies PositionFieldDef<string>;
  return {
    data: { values: [...windows, ...documented, ...measured] },
    width: 460,
    height: { step: 34 },
    layer: [
      {
        transform: [{ filter: "datum.kind === 'window'" }],
        mark: { type: 'rule', strokeWidth: 22, color: INK, opacity: 0.12 },
        encoding: { x, y, x2: { field: 'until' } },
      },
      {
        transform: [{ filter: "datum.kind === 'documented'" }],
        mark: { type: 'tick', thickness: 2.5, size: 28, color: INK },
        encoding: { x, y },
      },
      {
        transform: [{ filter: "datum.kind === 'ended'" }],
        mark: { type: 'rule', strokeWidth: 7, color: SAFE, opacity: 0.7 },
        encoding: { x, y, x2: { field: 'until' } },
      },
      {
        transform: [{ filter: "datum.kind === 'still handed out'" }],
        mark: { type: 'point', shape: 'triangle-right', filled: true, size: 90, color: LEAK, opacity: 0.8 },
        encoding: { x, y },
      },
    ],
  };
}

export const expiryFigure: Figure = {
  id: 'expiry',
  title: 'For how long each implementation remembers a peer that announced itself once',
  caption:
    'A bar spans from the last answer with the planted address to the first without it; a triangle marks one that was ' +
    'still handed out when last asked. The upright stroke is the figure in the implementation’s own source (none where ' +
    'it lets nothing expire), the grey band when a life may end by it, since it tells time coarsely or looks now and then.',
  spec: expirySpec,
};
