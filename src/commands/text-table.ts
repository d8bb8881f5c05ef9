/** Tables of text as wide as whoever reads them has room for. */
import Table from 'cli-table3';

/** Table of text; a cell has a string for each of its lines. */
export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (readonly string[])[])[];
}

/** Width in columns where the output goes to a file: enough to be read. */
const FILE_COLUMNS = 160;

/** Width in columns of what standard output goes to. */
export function outputColumns(): number {
  return process.stdout.isTTY ? process.stdout.columns : FILE_COLUMNS;
}

/** Lays rows out as a table of the terminal, `columns` wide where its longest words let it be. */
export function layOut({ head, rows }: TextTable, columns: number): string {
  const table = new Table({
    head: [...head],
    colWidths: widths([head.map((title) => [title]), ...rows], columns - head.length - 1),
    wordWrap: true,
    style: { head: [], border: [] },
  });
  table.push(...rows.map((row) => row.map((lines) => lines.join('\n'))));
  return table.toString();
}

/** Takes from the widest columns that still have something to break. */
function widths(rows: TextTable['rows'], columns: number): number[] {
  const PADDING = 2;
  const longest = (column: number, split: RegExp): number =>
    PADDING +
    Math.max(
      ...rows.flatMap((row) => (row[column] ?? []).flatMap((line) => line.split(split)).map((part) => part.length)),
    );
  const floors = (rows[0] ?? []).map((_, column) => longest(column, / /));
  const wanted = floors.map((_, column) => longest(column, /\n/));
  const spare = (column: number): number => (wanted[column] ?? 0) - (floors[column] ?? 0);
  for (let excess = wanted.reduce((sum, width) => sum + width, 0) - columns; excess > 0; excess--) {
    const widest = Math.max(...wanted.filter((_, column) => spare(column) > 0));
    const column = wanted.findIndex((width, index) => width === widest && spare(index) > 0);
    if (column < 0) break;
    wanted[column] = widest - 1;
  }
  return wanted;
}
