/**
 * The committed baseline: for each cell the trials it was set by, why, and when. Entries are replaced one cell at a time,
 * so that a smaller campaign does not wipe out what it did not run.
 */
import { readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Manifest } from '../../records/manifest.ts';
import { cellId, compare } from '../summary/cells.ts';
import { sampleSchema, type Sample } from './sample.ts';
import { RequestError } from '../../contracts/errors.ts';

const BASELINE_VERSION = 1;

const entrySchema = z.object({
  client: z.string(),
  killSwitch: z.string(),
  fault: z.string(),
  moment: z.string(),
  /** Why these numbers are right to hold later runs against. */
  reason: z.string().min(1),
  /** Date on which the campaign was run, as its manifest has it. */
  date: z.string(),
  campaign: z.string(),
  commit: z.string().nullable(),
  sample: sampleSchema,
});
type BaselineEntry = z.infer<typeof entrySchema>;

const baselineSchema = z.object({ version: z.literal(BASELINE_VERSION), entries: z.array(entrySchema) });

/** Entries by cell. */
export type Baseline = ReadonlyMap<string, BaselineEntry>;

/** The baseline file is there but cannot be used. */
class BaselineUnreadable extends RequestError {
  override readonly name = 'BaselineUnreadable';
}

/** Reads a baseline; null when there is no such file. Throws `BaselineUnreadable` when it is none. */
export async function readBaseline(file: string): Promise<Baseline | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const parsed = baselineSchema.safeParse(jsonOf(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BaselineUnreadable(
      `${file} is no baseline of version ${BASELINE_VERSION} (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}): ` +
        'restore it from the repository, or write a new one with --update --reason "..."',
    );
  }
  return new Map(parsed.data.entries.map((entry) => [cellId(entry), entry]));
}

export async function writeBaseline(file: string, baseline: Baseline): Promise<void> {
  const entries = [...baseline].sort(([a], [b]) => compare(a, b)).map(([, entry]) => entry);
  await writeFile(file, `${JSON.stringify({ version: BASELINE_VERSION, entries }, null, 1)}\n`);
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
    const id = cellId(cell);
    const sample = samples.get(id);
    if (sample === undefined || sample.judged === 0) continue;
    changes.push({ cell: id, before: entries.get(id)?.sample ?? null, after: sample });
    const { startedAt: date, campaign, commit } = manifest;
    entries.set(id, { ...cell, reason, date, campaign, commit, sample });
  }
  return { baseline: entries, changes };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
