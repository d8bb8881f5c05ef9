/** trials.parquet: the columns of trials.csv with their types, each nullable. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { TrialRow } from '../summary/rows.ts';
import { COLUMNS, type Column, type Value } from './columns.ts';

export function trialsParquet(rows: readonly TrialRow[]): Uint8Array {
  const buffer = parquetWriteBuffer({
    columnData: COLUMNS.map((column) => {
      const data = rows.map(column.value);
      return { name: column.name, type: typeOf(column, data), data, nullable: true };
    }),
  });
  return new Uint8Array(buffer);
}

const MOST_INT32 = 2 ** 31 - 1;

/** The column's type; a sum of counts that 32 bits cannot hold makes a column of doubles. */
function typeOf({ type }: Column, data: readonly Value[]): Column['type'] {
  return type === 'INT32' && data.some((value) => Number(value) > MOST_INT32) ? 'DOUBLE' : type;
}
