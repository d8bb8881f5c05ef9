/**
 * Everything derived from a campaign, written into its folder: summary.json and its schema, trials.csv, trials.parquet,
 * report.html. All of it can be deleted and made again; the same records give the same bytes in any folder, time zone
 * or locale.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measures, TrialRecord } from '../../harness/records.ts';
import { trialsCsv } from '../exports/csv.ts';
import { trialsParquet } from '../exports/parquet.ts';
import { reportHtml } from '../report/report.ts';
import { rowOf, type TrialRow } from '../summary/rows.ts';
import { summaryJsonSchema, type Summary } from '../summary/schema.ts';
import { summarise } from '../summary/summarise.ts';
import { readCampaign } from './read.ts';

export interface DeriveOptions {
  /** Measures a trial anew from its capture and timeline; null keeps those sealed in its record. */
  readonly measure?: (folder: string, record: TrialRecord) => Promise<Measures | null>;
}

/** Reads the campaign in `folder`, writes what is derived from it and gives the summary. */
export async function deriveCampaign(folder: string, options: DeriveOptions = {}): Promise<Summary> {
  const campaign = await readCampaign(folder);
  const rows: TrialRow[] = [];
  for await (const record of campaign.trials()) {
    const measures = (await options.measure?.(folder, record)) ?? record.measures;
    rows.push(rowOf(record, measures));
  }
  const summary = summarise(campaign.manifest, rows, campaign.problems());
  const write = (name: string, content: string | Uint8Array): Promise<void> => writeFile(join(folder, name), content);
  await write('summary.json', jsonText(summary));
  await write('summary.schema.json', jsonText(summaryJsonSchema()));
  await write('trials.csv', trialsCsv(rows));
  await write('trials.parquet', trialsParquet(rows));
  await write('report.html', reportHtml({ manifest: campaign.manifest, summary, rows }));
  return summary;
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
