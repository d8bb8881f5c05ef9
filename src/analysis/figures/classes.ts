/** Leaked packets by class: a table of means whose grey says the size again. */
import type { TopLevelSpec } from 'vega-lite';
import { CLEAR_CLASSES } from '../../records/vocabulary.ts';
import { digits } from '../summary/summary-words.ts';
import { switchesOf, type Figure, type FigureInput } from './figure.ts';
import { INK } from './style.ts';

const TILE_WIDTH = 74;
const TILE_HEIGHT = 26;
/** Share of the largest value from which on (on the logarithmic scale) the tile is dark and its number white. */
const DARK_FROM = 0.6;

function classesSpec(input: FigureInput): TopLevelSpec | null {
  const { cells } = input.summary;
  const used = CLEAR_CLASSES.filter((name) => cells.some((cell) => cell.clearPacketsByClass[name] > 0));
  if (used.length === 0) return null;
  const clients = clientsOf(input);
  const switches = switchesOf(input);
  const tiles = clients.flatMap((client) =>
    switches.flatMap((killSwitch) => {
      const own = cells.filter((cell) => cell.client === client && cell.killSwitch === killSwitch);
      const judged = own.reduce((sum, { verdicts }) => sum + verdicts.leak + verdicts.noLeak, 0);
      return used.map((name) => {
        const packets = own.reduce((sum, cell) => sum + cell.clearPacketsByClass[name], 0);
        return {
          client,
          killSwitch,
          class: name,
          mean: judged === 0 ? 0 : packets / judged,
          label: labelOf(packets, judged),
        };
      });
    }),
  );
  const largest = Math.log1p(tiles.reduce((most, { mean }) => Math.max(most, mean), -Infinity));
  const values = tiles.map((tile) => ({ ...tile, size: Math.log1p(tile.mean) / largest }));
  return {
    data: { values },
    facet: {
      row: {
        field: 'client',
        type: 'nominal',
        sort: clients,
        title: null,
        header: { labelAngle: 0, labelOrient: 'top', labelAnchor: 'start' },
      },
    },
    resolve: { axis: { x: 'independent' } },
    spacing: 28,
    spec: {
      width: { step: TILE_WIDTH },
      height: { step: TILE_HEIGHT },
      encoding: {
        x: {
          field: 'class',
          type: 'nominal',
          scale: { domain: used },
          axis: { title: null, labelAngle: 0, labelLimit: TILE_WIDTH, labelFontSize: 10, domain: false, ticks: false },
        },
        y: { field: 'killSwitch', type: 'nominal', sort: switches, axis: { title: null, domain: false, ticks: false } },
      },
      layer: [
        {
          mark: { type: 'rect', stroke: 'white' },
          encoding: {
            color: {
              field: 'size',
              type: 'quantitative',
              scale: { domain: [0, 1], range: ['#f4f5f6', '#4a2208'], interpolate: 'rgb' },
              legend: null,
            },
          },
        },
        {
          mark: { type: 'text', fontSize: 10 },
          encoding: {
            text: { field: 'label', type: 'nominal' },
            color: { condition: { test: `datum.size > ${DARK_FROM}`, value: 'white' }, value: INK },
          },
        },
      ],
    },
  };
}

function labelOf(packets: number, judged: number): string {
  if (judged === 0) return '–';
  return packets === 0 ? '·' : digits(packets / judged);
}

function clientsOf({ summary }: FigureInput): string[] {
  return [...new Set(summary.cells.map(({ client }) => client))];
}

export const classesFigure: Figure = {
  id: 'classes',
  title: 'Clear packets of the outage by class, mean per judged trial',
  caption:
    'Darker is more (logarithmic). A dot: none in any judged trial; a dash: no judged trial. Classes that never leaked are left out, and ' +
    'so are packets before the fault and after restoration.',
  spec: classesSpec,
};
