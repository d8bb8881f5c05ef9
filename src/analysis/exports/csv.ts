/** trials.csv: RFC 4180, a header line, an empty field for what is missing, and no text that a spreadsheet computes. */
import { csvText } from '../../contracts/media.ts';
import type { TrialRow } from '../summary/rows.ts';
import { COLUMNS, type Value } from './columns.ts';

const END = '\r\n';

export function trialsCsv(rows: readonly TrialRow[]): string {
  const lines = [COLUMNS.map(({ name }) => field(name)).join(',')];
  for (const row of rows) lines.push(COLUMNS.map(({ value }) => field(value(row))).join(','));
  return lines.join(END) + END;
}

function field(value: Value): string {
  if (value === null) return '';
  return typeof value === 'string' ? csvText(value) : String(value);
}
