/**
 * Reads a results folder: the manifest at once, the trials one at a time. What is unsound is named and left out; nothing
 * is invented in its place. Does not open captures: it only looks whether they are there.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { manifestSchema, type Manifest } from '../../records/manifest.ts';
import { trialRecordSchema, type TrialRecord } from '../../records/trial-record.ts';
import { RECORDS_VERSION } from '../../records/vocabulary.ts';
import { readLines, type Line } from './record-lines.ts';
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

/** Path of a file of the trial's own. */
export function trialFile(folder: string, trial: string, name: string): string {
  return join(folder, 'trials', trial, name);
}

/** Throws `CampaignUnreadable` when the manifest is missing, no manifest, or of a version that this code does not know. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, 'manifest.json');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CampaignUnreadable(
      `${file} cannot be read (${reasonOf(error)}): a campaign is a folder that \`npm run scenario\` wrote; name that folder`,
    );
  });
  const parsed = versioned.safeParse(parseJson(text));
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

async function* readTrials(
  folder: string,
  problems: Problems,
  only?: ReadonlySet<string>,
): AsyncGenerator<TrialRecord> {
  const file = join(folder, 'trials.jsonl');
  if (!existsSync(file)) {
    problems.note('no-trials', 'trials.jsonl', 'The file trials.jsonl is missing: no trial was recorded.');
    return;
  }
  const seen = new Set<string>();
  for await (const line of readLines(file)) {
    const record = parseTrial(line, problems, only);
    if (record === null) continue;
    if (seen.has(record.trial)) {
      problems.note('duplicate-trial', record.trial, 'A trial is recorded more than once: the first record was used.');
      continue;
    }
    seen.add(record.trial);
    for (const capture of record.captures) {
      if (existsSync(trialFile(folder, record.trial, capture.file))) continue;
      problems.note(
        'missing-capture',
        `${record.trial}/${capture.file}`,
        'A capture is not in the folder: the measures sealed in the record were used and cannot be recomputed.',
      );
    }
    yield record;
  }
}

function parseTrial(line: Line, problems: Problems, only?: ReadonlySet<string>): TrialRecord | null {
  if (line.text.trim() === '' || (only !== undefined && !only.has(trialOf(line.text)))) return null;
  const place = `trials.jsonl line ${line.number}`;
  const parsed = versioned.safeParse(parseJson(line.text));
  if (!parsed.success) {
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

/** The trial a line is about, without the cost of parsing it. */
function trialOf(text: string): string {
  return /"trial":"([^"]*)"/.exec(text)?.[1] ?? '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function issueOf(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'no reason given';
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
