/**
 * What of a campaign its figures show, in names that can be drawn. A grid of a thousand names can be neither read nor
 * drawn: the drawing library nests an expression for each of them, until its stack ends.
 */
import { namesOf, type CellNames } from '../../records/identity.ts';
import type { FigureInput } from './figure.ts';

/** Most clients, kill switches and faults a figure shows, each: more than the lab knows of any. */
const MOST_NAMES = 100;

const KINDS = { client: 'clients', killSwitch: 'kill switches', fault: 'faults' } as const;

export interface Extent {
  readonly input: FigureInput;
  /** Says for the caption what is not shown; null where everything is. */
  readonly leftOut: string | null;
}

/** The campaign as far as its figures show it: the first names of each kind, in the campaign's order. */
export function extentOf(whole: FigureInput): Extent {
  let input = drawable(whole);
  const cut: string[] = [];
  for (const kind of ['client', 'killSwitch', 'fault'] as const) {
    const names = new Set(input.summary.cells.map((cell) => cell[kind]));
    if (names.size <= MOST_NAMES) continue;
    const shown = new Set([...names].slice(0, MOST_NAMES));
    const { rows, summary } = input;
    input = {
      rows: rows.filter(({ cell }) => shown.has(cell[kind])),
      summary: { ...summary, cells: summary.cells.filter((cell) => shown.has(cell[kind])) },
    };
    cut.push(`the first ${MOST_NAMES} of ${names.size} ${KINDS[kind]}`);
  }
  return { input, leftOut: cut.length === 0 ? null : `Shown are ${cut.join(', ')}; the table has all.` };
}

/** The campaign with each name that the drawing library refuses, or takes for something else, in «quotation marks». */
function drawable(whole: FigureInput): FigureInput {
  const { rows, summary } = whole;
  if (!summary.cells.some((cell) => Object.values(namesOf(cell)).some(isReserved))) return whole;
  return {
    rows: rows.map((row) => ({ ...row, cell: { ...row.cell, ...quoted(row.cell) } })),
    summary: { ...summary, cells: summary.cells.map((cell) => ({ ...cell, ...quoted(cell) })) },
  };
}

/** Whether every object has a property of that name («constructor»), or a promise has. */
function isReserved(name: string): boolean {
  return name === 'then' || name in Object.prototype;
}

function quoted(cell: CellNames): CellNames {
  const { client, killSwitch, fault, moment } = cell;
  const word = (name: string): string => (isReserved(name) ? `«${name}»` : name);
  return { client: word(client), killSwitch: word(killSwitch), fault: word(fault), moment: word(moment) };
}
