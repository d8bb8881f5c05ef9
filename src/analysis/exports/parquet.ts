/** trials.parquet: the columns of trials.csv with their types, each nullable. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { TrialRow } from '../summary/rows.ts';
import { COLUMNS } from './columns.ts';

export function trialsParquet(rows: readonly TrialRow[]): Uint8Array {
  const buffer = parquetWriteBuffer({
    columnData: COLUMNS.map(({ name, type, value }) => ({ name, type, data: rows.map(value), nullable: true })),
  });
  return new Uint8Array(buffer);
}
