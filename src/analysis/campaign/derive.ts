/**
 * Derives everything from a campaign, written into its folder: summary.json and its schema, trials.csv, trials.parquet,
 * figures/ and report.html. All of it can be deleted and made again; the same records and captures give the same bytes
 * in any folder, time zone or locale.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Measures } from '../../records/measures.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { NotACapture } from '../capture/read-capture.ts';
import { trialsCsv } from '../exports/csv.ts';
import { trialsParquet } from '../exports/parquet.ts';
import { drawFigures } from '../figures/all.ts';
import { toPng, toSvg } from '../figures/render.ts';
import { timelineSpec } from '../figures/trial-timeline.ts';
import type { DrawnTrial } from '../report/picture.ts';
import { reportHtml } from '../report/report.ts';
import { representatives } from '../report/representatives.ts';
import { rowOf, type TrialRow } from '../summary/rows.ts';
import { summaryJsonSchema, type Summary } from '../summary/schema.ts';
import { unselectedRows, summarise } from '../summary/summarise.ts';
import { FileRefused, writeInto } from './campaign-folder.ts';
import { captureFile, readTimeline } from './evidence.ts';
import { Problems } from './problems.ts';
import { UNREADABLE_CAPTURE, readCampaign, type Campaign } from './read-campaign.ts';
import { readSessions } from './sessions.ts';

/** Measures a trial anew from its captures and timeline; null where they are gone. */
type Measurer = (folder: string, record: TrialRecord, problems: Problems) => Promise<Measures | null>;

export interface DeriveOptions {
  /** Measures a trial from its captures; without it the measures sealed in the records are used. */
  readonly measure?: Measurer;
}

/** The trials of a campaign come down to rows and a summary, and what was wrong with the folder. */
export interface Digest {
  readonly campaign: Campaign;
  readonly rows: readonly TrialRow[];
  /**
   * Rows for tests across cells: all, or in a sequential campaign the repetitions before the first look, whose number no
   * result chose.
   */
  readonly unselected: readonly TrialRow[];
  readonly summary: Summary;
}

/** Reads the campaign in `folder`, writes what is derived from it and gives the summary. */
export async function deriveCampaign(folder: string, options: DeriveOptions = {}): Promise<Summary> {
  const { campaign, rows, unselected, summary } = await digestCampaign(folder, options);
  const write = (name: string, content: string | Uint8Array): Promise<void> =>
    writeInto(folder, name.split('/'), content);
  await write('summary.json', jsonText(summary));
  await write('summary.schema.json', jsonText(summaryJsonSchema()));
  await write('trials.csv', trialsCsv(rows));
  await write('trials.parquet', trialsParquet(rows));
  const files: Promise<void>[] = [];
  const figures = await drawFigures({ summary, rows: unselected }, ({ figure: { id }, svg }) => {
    const both = [write(`figures/${id}.svg`, svg), toPng(svg).then((png) => write(`figures/${id}.png`, png))];
    // An error is met where all are awaited; until then it is not unhandled.
    for (const one of both) one.catch(() => undefined);
    files.push(...both);
  });
  const pictures = await drawTrials(campaign, representatives(rows), options);
  await write('report.html', reportHtml({ manifest: campaign.manifest, summary, rows, figures, pictures }));
  await Promise.all(files);
  return summary;
}

/** Reads and summarises the campaign in `folder`; writes nothing. */
export async function digestCampaign(folder: string, options: DeriveOptions = {}): Promise<Digest> {
  const campaign = await readCampaign(folder);
  const rows: TrialRow[] = [];
  const changed = new Problems();
  for await (const record of campaign.trials()) {
    const fresh = await measured(campaign, record, options, changed);
    if (fresh !== null && !agree(fresh, record.measures)) {
      changed.note(
        'remeasured',
        record.trial,
        'Measuring anew gave other measures than the record has sealed: the new ones were used.',
      );
    }
    rows.push(rowOf(record, fresh ?? record.measures));
  }
  // Records are in the order in which trials ended, which a resumed campaign does not share with an uninterrupted one.
  rows.sort((a, b) => (a.trial < b.trial ? -1 : 1));
  const problems = [...campaign.problems(), ...changed.list(), ...(await readSessions(folder)).list()];
  const { manifest } = campaign;
  return { campaign, rows, unselected: unselectedRows(manifest, rows), summary: summarise(manifest, rows, problems) };
}

/** Whether measuring anew gave what was sealed, as far as what was sealed goes: older records have no findings. */
function agree(fresh: Measures, sealed: Measures | null): boolean {
  if (sealed === null || sealed.findings !== undefined) return isDeepStrictEqual(fresh, sealed);
  return isDeepStrictEqual({ ...fresh, findings: undefined }, { ...sealed, findings: undefined });
}

/** The trial measured anew; null where that was not asked for or its captures are gone or no captures. */
async function measured(
  { folder }: Campaign,
  record: TrialRecord,
  { measure }: DeriveOptions,
  problems: Problems,
): Promise<Measures | null> {
  if (measure === undefined) return null;
  try {
    return await measure(folder, record, problems);
  } catch (error) {
    // A file that is refused was named when the record was read.
    if (error instanceof FileRefused) return null;
    if (!(error instanceof NotACapture)) throw error;
    problems.note('unreadable-capture', record.trial, UNREADABLE_CAPTURE);
    return null;
  }
}

/** Draws the timelines of the trials named, in the order of their records. */
export async function drawTrials(
  campaign: Campaign,
  trials: ReadonlySet<string>,
  options: DeriveOptions = {},
): Promise<DrawnTrial[]> {
  const drawn: DrawnTrial[] = [];
  for await (const record of campaign.trials(trials)) {
    const { folder } = campaign;
    const measures = (await measured(campaign, record, options, new Problems())) ?? record.measures;
    const timeline = await unlessRefused(readTimeline(folder, record.trial));
    const capture = await unlessRefused(captureFile(folder, record, 'uplink'));
    const spec = await timelineSpec({ record, measures, events: timeline?.events ?? [], capture });
    const { client, killSwitch, fault } = record.cell;
    const label = `Timeline of trial ${record.trial}: ${client}, ${killSwitch}, ${fault}`;
    const svg = spec === null ? null : await toSvg(spec, `timeline-${record.trial}`, label);
    drawn.push({ record, measures, svg, fromCapture: capture !== null });
  }
  return drawn;
}

/** Gives null for a file that is there and not used: it was named when the trials were read. */
async function unlessRefused<T>(reading: Promise<T | null>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof FileRefused) return null;
    throw error;
  }
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
