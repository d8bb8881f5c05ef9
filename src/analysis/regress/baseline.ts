/**
 * The committed baseline: for each cell the trials it was set by, why, and when. Entries are replaced one cell at a time,
 * so that a smaller campaign does not wipe out what it did not run.
 */
import { basename, dirname } from 'node:path';
import * as z from 'zod';
import { list, prose, word } from '../../records/bounded.ts';
import type { Manifest } from '../../records/manifest.ts';
import { MOST_BYTES, readText, writeInto } from '../campaign/campaign-folder.ts';
import { parsedJson } from '../campaign/record-lines.ts';
import { compare } from '../summary/cells.ts';
import { sampleSchema, type Sample } from './sample.ts';
import { RequestError } from '../../contracts/errors.ts';
import { cellKey, cellNamesSchema, namesOf } from '../../records/identity.ts';

const BASELINE_VERSION = 1;
const MOST_ENTRIES = 50_000;

const entrySchema = z.object({
  ...cellNamesSchema.shape,
  /** Why these numbers are right to hold later runs against. */
  reason: prose.min(1),
  /** Date on which the campaign was run, as its manifest has it. */
  date: word,
  campaign: word,
  commit: word.nullable(),
  sample: sampleSchema,
});
type BaselineEntry = z.infer<typeof entrySchema>;

const baselineSchema = z.object({ version: z.literal(BASELINE_VERSION), entries: list(entrySchema, MOST_ENTRIES) });

/** Entries by cell. */
export type Baseline = ReadonlyMap<string, BaselineEntry>;

/** The baseline file is there but cannot be used. */
class BaselineUnreadable extends RequestError {
  override readonly name = 'BaselineUnreadable';
}

/** Reads a baseline; null when there is no such file. Throws `BaselineUnreadable` when it is none. */
export async function readBaseline(file: string): Promise<Baseline | null> {
  const text = await readText(dirname(file), [basename(file)], MOST_BYTES.baseline);
  if (text === null) return null;
  const parsed = baselineSchema.safeParse(parsedJson(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BaselineUnreadable(
      `${file} is no baseline of version ${BASELINE_VERSION} (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}): ` +
        'restore it from the repository, or write a new one with --update --reason "..."',
    );
  }
  return new Map(parsed.data.entries.map((entry) => [cellKey(entry), entry]));
}

export async function writeBaseline(file: string, baseline: Baseline): Promise<void> {
  const entries = [...baseline].sort(([a], [b]) => compare(a, b)).map(([, entry]) => entry);
  await writeInto(
    dirname(file),
    [basename(file)],
    `${JSON.stringify({ version: BASELINE_VERSION, entries }, null, 1)}\n`,
  );
}

/** One line of what an update did to a cell. */
export interface Change {
  readonly cell: string;
  readonly before: Sample | null;
  readonly after: Sample;
}

/** The baseline with the cells of `samples` replaced, and what that changed. Cells without a judged trial stay. */
export function updated(
  baseline: Baseline | null,
  manifest: Manifest,
  samples: ReadonlyMap<string, Sample>,
  reason: string,
): { readonly baseline: Baseline; readonly changes: readonly Change[] } {
  const entries = new Map(baseline ?? []);
  const changes: Change[] = [];
  for (const cell of manifest.scenario.cells) {
    const id = cellKey(cell);
    const sample = samples.get(id);
    if (sample === undefined || sample.judged === 0) continue;
    changes.push({ cell: id, before: entries.get(id)?.sample ?? null, after: sample });
    const { startedAt: date, campaign, commit } = manifest;
    entries.set(id, { ...namesOf(cell), reason, date, campaign, commit, sample });
  }
  return { baseline: entries, changes };
}
