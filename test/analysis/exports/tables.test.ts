import assert from 'node:assert/strict';
import { parquetReadObjects } from 'hyparquet';
import { trialsCsv } from '../../../src/analysis/exports/csv.ts';
import { COLUMNS } from '../../../src/analysis/exports/columns.ts';
import { trialsParquet } from '../../../src/analysis/exports/parquet.ts';
import { rowOf } from '../../../src/analysis/summary/rows.ts';
import { SYNTHETIC_PLAN, syntheticTrials } from '../../../src/bench/synthetic.ts';

const rows = [...syntheticTrials({ ...SYNTHETIC_PLAN, failing: 0.2, trialsPerCell: 3 })].map((record, index) =>
  rowOf(index === 0 ? { ...record, cell: { ...record.cell, client: 'a "quoted", client\nof two lines' } } : record),
);

/** A reader of RFC 4180 of its own, so that the writer is not tested against itself. */
function readCsv(text: string): string[][] {
  const lines: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/y;
  while (field.lastIndex < text.length) {
    const [, quoted, plain = '', end] = field.exec(text)!;
    lines.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') lines.push([]);
  }
  return lines.slice(0, -1);
}

describe('trials.csv', () => {
  const [header, ...lines] = readCsv(trialsCsv(rows));

  it('has a line a trial and the columns of the list', () => {
    assert.deepEqual(
      header,
      COLUMNS.map(({ name }) => name),
    );
    assert.equal(lines.length, rows.length);
    assert.ok(lines.every((line) => line.length === COLUMNS.length));
  });

  it('gives back every value, quotes and line ends included; missing is empty', () => {
    rows.forEach((row, i) => {
      COLUMNS.forEach(({ value }, j) => {
        const expected = value(row);
        assert.equal(lines[i]![j], expected === null ? '' : String(expected));
      });
    });
    assert.ok(
      lines.some((line) => line.includes('')),
      'the campaign has missing values',
    );
  });
});

describe('trials.parquet', () => {
  it('gives back the same values with their types; missing is null', async () => {
    const file = new Uint8Array(trialsParquet(rows)).buffer;
    const read = await parquetReadObjects({ file });
    assert.equal(read.length, rows.length);
    rows.forEach((row, i) => {
      for (const { name, value } of COLUMNS) assert.equal(read[i]![name] ?? null, value(row), name);
    });
  });
});
