/**
 * Reads a results folder: the manifest at once, the trials one at a time. What is unsound is named and left out; nothing
 * is invented in its place. Does not open captures: it only looks whether they are there.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { manifestSchema, type Manifest } from '../../records/manifest.ts';
import { trialRecordSchema, type TrialRecord } from '../../records/trial-record.ts';
import { RECORDS_VERSION } from '../../records/vocabulary.ts';
import { FileRefused, MOST_BYTES, pathOf, readLines, readText } from './campaign-folder.ts';
import { parsedJson, type Line } from './record-lines.ts';
import { CampaignUnreadable, Problems, type Problem } from './problems.ts';
import { upgraded } from './upgrade.ts';

export interface Campaign {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Every sound record in the order of the file, or only those of the trials named. Reads the file anew each time. */
  trials(only?: ReadonlySet<string>): AsyncGenerator<TrialRecord>;
  /** What was wrong, as far as the last `trials()` of the whole file has read. */
  problems(): readonly Problem[];
}

const TRIALS = 'trials.jsonl';
export const UNREADABLE_CAPTURE = 'A capture cannot be read: the measures sealed in the record were used.';

const versioned = z.looseObject({ version: z.number().int() });

/**
 * Opens the campaign in `folder`. Throws `CampaignUnreadable` when its manifest is missing, not a manifest, or of a
 * newer version than this code knows.
 */
export async function readCampaign(folder: string): Promise<Campaign> {
  const manifest = await readManifest(folder);
  let problems = new Problems();
  return {
    folder,
    manifest,
    trials(only) {
      const found = new Problems();
      if (only === undefined) problems = found;
      return readTrials(folder, found, only);
    },
    problems: () => problems.list(),
  };
}

/** Where a trial's own files are, below the campaign's folder. */
export function trialFile(trial: string, name: string): readonly string[] {
  return ['trials', trial, name];
}

/** Throws `CampaignUnreadable` when the manifest is missing, no manifest, or of a version that this code does not know. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, 'manifest.json');
  const text = await readText(folder, ['manifest.json'], MOST_BYTES.manifest).catch((error: unknown) => {
    if (error instanceof FileRefused) throw new CampaignUnreadable(error.message);
    throw unreadable(file, reasonOf(error));
  });
  if (text === null) throw unreadable(file, 'ENOENT');
  if (text.trim() === '') throw unreadable(file, 'it is empty');
  const parsed = versioned.safeParse(parsedJson(text));
  if (!parsed.success) throw new CampaignUnreadable(`${file} is not a manifest: ${issueOf(parsed.error)}`);
  const { version } = parsed.data;
  if (version > RECORDS_VERSION) {
    throw new CampaignUnreadable(
      `${file} has version ${version}; this code knows versions up to ${RECORDS_VERSION}: use the newer code that wrote it`,
    );
  }
  const current = upgraded(parsed.data, version, RECORDS_VERSION);
  if (current === null) throw new CampaignUnreadable(`${file} has version ${version}, from which no upgrade is known`);
  const manifest = manifestSchema.safeParse(current);
  if (!manifest.success) throw new CampaignUnreadable(`${file} is not a manifest: ${issueOf(manifest.error)}`);
  return manifest.data;
}

function unreadable(file: string, why: string): CampaignUnreadable {
  return new CampaignUnreadable(
    `${file} cannot be read (${why}): a campaign is a folder that \`npm run scenario\` wrote; name that folder`,
  );
}

async function* readTrials(
  folder: string,
  problems: Problems,
  only?: ReadonlySet<string>,
): AsyncGenerator<TrialRecord> {
  const parts = [TRIALS];
  try {
    if ((await pathOf(folder, parts, MOST_BYTES.trials)) === null) {
      problems.note('no-trials', TRIALS, 'The file trials.jsonl is missing: no trial was recorded.');
      return;
    }
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    problems.note('unreadable-record', TRIALS, `No trial was read: ${error.message}.`);
    return;
  }
  const seen = new Set<string>();
  for await (const line of readLines(folder, parts, MOST_BYTES.trials)) {
    const record = parseTrial(line, problems, only);
    if (record === null) continue;
    if (seen.has(record.trial)) {
      problems.note('duplicate-trial', record.trial, 'A trial is recorded more than once: the first record was used.');
      continue;
    }
    seen.add(record.trial);
    for (const { file } of record.captures) await noteCapture(folder, record.trial, file, problems);
    await noteTimeline(folder, record.trial, problems);
    yield record;
  }
}

async function noteCapture(folder: string, trial: string, file: string, problems: Problems): Promise<void> {
  try {
    if ((await pathOf(folder, trialFile(trial, file), MOST_BYTES.capture)) !== null) return;
    problems.note(
      'missing-capture',
      `${trial}/${file}`,
      'A capture is not in the folder: the measures sealed in the record were used and cannot be recomputed.',
    );
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    problems.note('unreadable-capture', `${trial}/${file}`, UNREADABLE_CAPTURE);
  }
}

async function noteTimeline(folder: string, trial: string, problems: Problems): Promise<void> {
  try {
    await pathOf(folder, trialFile(trial, 'timeline.jsonl'), MOST_BYTES.timeline);
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    problems.note('unreadable-timeline', trial, `A timeline was not read: ${error.message}.`);
  }
}

function parseTrial(line: Line, problems: Problems, only?: ReadonlySet<string>): TrialRecord | null {
  const place = `${TRIALS} line ${line.number}`;
  if (line.tooLong) {
    problems.note('unreadable-record', place, 'A line is not a record and was left out.');
    return null;
  }
  if (line.text.trim() === '' || (only !== undefined && !only.has(trialOf(line.text)))) return null;
  const parsed = versioned.safeParse(parsedJson(line.text));
  if (!parsed.success) {
    const start = line.ended ? line.text.lastIndexOf(RECORD_START) : -1;
    if (start > 0) {
      // A record that was cut off, and the next one written behind it: the next is whole.
      problems.note('unreadable-record', place, 'A line is not a record and was left out.');
      return parseTrial({ ...line, text: line.text.slice(start) }, problems, only);
    }
    if (line.ended) problems.note('unreadable-record', place, 'A line is not a record and was left out.');
    else problems.note('torn-last-line', place, 'The last line was cut off while it was written and was left out.');
    return null;
  }
  const { version } = parsed.data;
  if (version > RECORDS_VERSION) {
    problems.note(
      'newer-record',
      place,
      `A record has version ${version}, newer than ${RECORDS_VERSION}, the newest this code knows, and was refused.`,
    );
    return null;
  }
  const current = upgraded(parsed.data, version, RECORDS_VERSION);
  if (current === null) {
    problems.note('older-record', place, `A record has version ${version}, from which no upgrade is known: left out.`);
    return null;
  }
  const record = trialRecordSchema.safeParse(current);
  if (record.success) return record.data;
  problems.note(
    'invalid-record',
    place,
    `A record does not fit its schema and was left out: ${issueOf(record.error)}.`,
  );
  return null;
}

/** How the harness begins a record. */
const RECORD_START = '{"version":';

/** The trial a line is about, without the cost of parsing it. */
function trialOf(text: string): string {
  return /"trial":"([^"]*)"/.exec(text)?.[1] ?? '';
}

function issueOf(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'no reason given';
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
