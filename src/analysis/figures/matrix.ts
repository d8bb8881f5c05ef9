/** The matrix of findings: a tile a cell, with what was found in words and the interval of the leak probability. */
import type { TopLevelSpec } from 'vega-lite';
import { percent, plural } from '../summary/summary-words.ts';
import type { CellSummary } from '../summary/schema.ts';
import { switchesOf, type Figure, type FigureInput } from './figure.ts';
import { FINDINGS, INK, MUTED, RULE } from './style.ts';

const TILE_HEIGHT = 52;
/**
 * Width of a tile in points, enough for what it says; a kill switch with a longer line in its name makes every tile as
 * wide as that.
 */
const TILE_WIDTH = 112;
const CHARACTER_WIDTH = 7;
const LINE_HEIGHT = 12;
/** A line of a heading for each member of a combination, and for its parameters. */
const LINE_BREAK = /(?=[+(])/;

function matrixSpec(input: FigureInput): TopLevelSpec | null {
  const { cells } = input.summary;
  const switches = switchesOf(input);
  if (cells.length === 0) return null;
  const headings = Object.fromEntries(switches.map((name) => [name, name.split(LINE_BREAK)]));
  const lines = Object.values(headings);
  const tileWidth = lines.flat().reduce((widest, line) => Math.max(widest, line.length * CHARACTER_WIDTH), TILE_WIDTH);
  const headingLines = lines.reduce((most, { length }) => Math.max(most, length), -Infinity);
  const severalMoments = new Set(cells.map(({ moment }) => moment)).size > 1;
  const rowOf = ({ client, fault, moment }: CellSummary): string =>
    severalMoments ? `${client} · ${fault} · ${moment}` : `${client} · ${fault}`;
  const values = cells.map((cell) => ({
    row: rowOf(cell),
    killSwitch: cell.killSwitch,
    finding: cell.finding,
    sign: `${FINDINGS[cell.finding].sign} ${FINDINGS[cell.finding].word}`,
    ...numbersOf(cell),
  }));
  const findings = Object.entries(FINDINGS);
  const text = (field: string) => ({ text: { field, type: 'nominal' as const } });
  return {
    data: { values },
    width: { step: tileWidth },
    height: { step: TILE_HEIGHT },
    encoding: {
      x: {
        field: 'killSwitch',
        type: 'nominal',
        sort: null,
        scale: { domain: switches },
        axis: {
          orient: 'top',
          title: null,
          labelAngle: 0,
          labelExpr: `(${JSON.stringify(headings)})[datum.label]`,
          labelLimit: tileWidth,
          // Lines are added downwards, to where the tiles are.
          labelPadding: 2 + (headingLines - 1) * LINE_HEIGHT,
          domain: false,
          ticks: false,
        },
      },
      y: {
        field: 'row',
        type: 'nominal',
        sort: null,
        scale: { domain: [...new Set(values.map(({ row }) => row))] },
        axis: { title: null, domain: false, ticks: false },
      },
    },
    layer: [
      {
        mark: { type: 'rect', stroke: RULE, strokeWidth: 1 },
        encoding: {
          color: {
            field: 'finding',
            type: 'nominal',
            scale: { domain: findings.map(([id]) => id), range: findings.map(([, { fill }]) => fill) },
            legend: null,
          },
        },
      },
      { mark: { type: 'text', dy: -14, fontWeight: 'bold', color: INK }, encoding: text('sign') },
      { mark: { type: 'text', dy: 2, fontSize: 10, color: INK }, encoding: text('count') },
      { mark: { type: 'text', dy: 16, fontSize: 10, color: MUTED }, encoding: text('interval') },
    ],
  };
}

function numbersOf(cell: CellSummary): { readonly count: string; readonly interval: string } {
  const { leakProbability, leakUpperBound, verdicts } = cell;
  const judged = verdicts.leak + verdicts.noLeak;
  if (leakProbability === null) return { count: `${plural(cell.trials, 'trial')}, none judged`, interval: '' };
  if (leakUpperBound !== null) return { count: `0 of ${judged}`, interval: `at most ${percent(leakUpperBound)}` };
  const { low, high } = leakProbability;
  return { count: `${verdicts.leak} of ${judged}`, interval: `${percent(low)} to ${percent(high)}` };
}

export const matrixFigure: Figure = {
  id: 'matrix',
  title: 'What was found, cell by cell',
  caption:
    'Leaking trials of those judged, with the exact 95 % interval of the leak probability; where none leaked, its ' +
    'one-sided 95 % upper bound. Inconclusive where the arm without a kill switch did not leak or nothing was judged. No tile: a cell that the scenario leaves out.',
  spec: matrixSpec,
};
