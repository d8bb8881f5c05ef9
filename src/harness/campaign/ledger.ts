/**
 * The campaign's folder as the harness writes it: the manifest once, then one sealed record after the other, each on the
 * disk before the next is taken, and beside them what each session of the harness had to say (`sessions.jsonl`).
 *
 * A record that was sealed is never rewritten. What a crash can leave, a torn last line, is cut off at the next start.
 */
import { open, readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { RequestError } from '../../contracts/errors.ts';
import {
  MOST_BYTES,
  appendTo,
  makeBelow,
  makeEmpty,
  makeResults,
  pathOf,
  readLines,
  removeBelow,
  writeInto,
} from '../../analysis/campaign/campaign-folder.ts';
import { readManifest } from '../../analysis/campaign/read-campaign.ts';
import { parsedJson, type Line } from '../../analysis/campaign/record-lines.ts';
import { cellNamesSchema } from '../../records/identity.ts';
import type { Manifest } from '../../records/manifest.ts';
import { oneLine } from '../../records/plain-text.ts';
import type { SessionRecord } from '../../records/session.ts';
import { isDisturbed, trialRecordSchema, type TrialRecord } from '../../records/trial-record.ts';
import { lockFolder } from './folder-lock.ts';

/** What a plan and a view need to know of a record that is already sealed. */
const glanceSchema = trialRecordSchema
  .pick({ trial: true, attempt: true, repeats: true, heartbeatMaxDelayNs: true, outcome: true })
  .extend({ cell: cellNamesSchema, measures: z.object({ verdict: z.string() }).nullable() });
export type SealedGlance = z.infer<typeof glanceSchema>;

const [MANIFEST, TRIALS, SESSIONS] = ['manifest.json', 'trials.jsonl', 'sessions.jsonl'] as const;

export class Ledger implements AsyncDisposable {
  /** Records sealed before this session, in the order of the file. */
  readonly earlier: readonly SealedGlance[];
  readonly #folder: string;
  readonly #lock: FileHandle;
  readonly #trials: Journal;
  readonly #sessions: Journal;

  private constructor(folder: string, lock: FileHandle, trials: Journal, sessions: Journal, earlier: SealedGlance[]) {
    this.#folder = folder;
    this.#lock = lock;
    this.#trials = trials;
    this.#sessions = sessions;
    this.earlier = earlier;
  }

  /**
   * Opens the folder for one session; the manifest is written where there is none yet.
   * Throws `RequestError` when another harness is at work in it, or its files are damaged.
   */
  static async open(folder: string, manifest: Manifest): Promise<Ledger> {
    await makeResults(folder);
    const lock = await lockFolder(folder);
    const opened: Journal[] = [];
    try {
      await makeBelow(folder, ['trials']);
      await writeManifest(folder, manifest);
      await readManifest(folder);
      const earlier: SealedGlance[] = [];
      const trials = await Journal.open(folder, TRIALS, MOST_BYTES.trials, (line) =>
        earlier.push(glanceAt(line, path.join(folder, TRIALS))),
      );
      opened.push(trials);
      const sessions = await Journal.open(folder, SESSIONS, MOST_BYTES.sessions, () => undefined);
      opened.push(sessions);
      await syncPath(folder);
      return new Ledger(folder, lock, trials, sessions, earlier);
    } catch (error) {
      for (const journal of opened) await journal.close();
      await lock.close();
      throw error;
    }
  }

  /** Makes the trial's own folder, empty: one without a record is what a killed run left. Gives its path. */
  async makeFolder(trial: string): Promise<string> {
    return makeEmpty(this.#folder, ['trials', trial]);
  }

  /** Removes the folder of a trial that came to no record. */
  async removeFolder(trial: string): Promise<void> {
    await removeBelow(this.#folder, ['trials', trial]);
  }

  /** Seals a record: first its files are on the disk, then the record. */
  async seal(record: TrialRecord): Promise<void> {
    const folder = path.join(this.#folder, 'trials', record.trial);
    const files = await readdir(folder).catch(() => []);
    for (const file of files) await syncPath(path.join(folder, file));
    if (files.length > 0) await syncPath(folder);
    await this.#trials.append(record);
  }

  async note(session: SessionRecord): Promise<void> {
    await this.#sessions.append(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#trials.close();
    await this.#sessions.close();
    await this.#lock.close();
  }
}

/** Whether the trial of a record is to be run once more: the machine disturbed it. */
export function wantsRepeat(record: Pick<TrialRecord, 'attempt' | 'heartbeatMaxDelayNs'>): boolean {
  return isDisturbed(record) && record.attempt < MAX_REPEATS;
}

/** A machine that disturbs the same trial three times is not fit for it now, and the record says so. */
export const MAX_REPEATS = 2;

/** A file to which whole lines are appended, one at a time; after a failure (a full disk) nothing more is. */
class Journal {
  readonly #handle: FileHandle;
  #last: Promise<void> = Promise.resolve();

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens it below `folder` and tells each of its lines. A torn last line is cut off, and nothing else is touched. */
  static async open(folder: string, name: string, mostBytes: number, tell: (line: Line) => void): Promise<Journal> {
    const handle = await appendTo(folder, [name]);
    try {
      let whole = 0;
      for await (const line of readLines(folder, [name], mostBytes)) {
        if (!line.ended) break;
        whole += line.bytes;
        if (line.bytes > 1) tell(line);
      }
      if ((await handle.stat()).size > whole) await handle.truncate(whole);
      return new Journal(handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  append(line: object): Promise<void> {
    this.#last = this.#last.then(async () => {
      await this.#handle.appendFile(JSON.stringify(line) + '\n');
      await this.#handle.datasync();
    });
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined); // told to whoever appended
    await this.#handle.close();
  }
}

/**
 * The record of a line that was sealed before. Throws `RequestError` at a line that is none: which trial it was of is not
 * known, and to run that one anew would remove its captures.
 */
function glanceAt({ text, number, tooLong }: Line, file: string): SealedGlance {
  const glance = glanceSchema.safeParse(tooLong ? null : parsedJson(text));
  if (glance.success) return glance.data;
  const begins = tooLong ? 'longer than any record' : `«${oneLine(text.slice(0, QUOTED))}»`;
  throw new RequestError(
    `${file} is damaged: line ${number} is no record (${begins}). Nothing was changed. Restore the ` +
      'file, or take that line out of it, and its trial is run anew. «npm run analyze» reads the others as they are.',
  );
}

/** Characters of a damaged line in an error. */
const QUOTED = 60;

/**
 * Writes the manifest where there is none; its name is on the disk when the folder has been synced. What is there in its
 * place is left, and refused by whoever reads it.
 */
async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const there = await pathOf(folder, [MANIFEST], MOST_BYTES.manifest);
  if (there === null) await writeInto(folder, [MANIFEST], JSON.stringify(manifest, null, 2) + '\n', { synced: true });
}

async function syncPath(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
