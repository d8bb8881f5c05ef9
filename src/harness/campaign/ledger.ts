/**
 * The campaign's folder as the harness writes it: the manifest once, then one sealed record after the other, each on the
 * disk before the next is taken, and beside them what each session of the harness had to say (`sessions.jsonl`).
 *
 * A record that was sealed is never rewritten. What a crash can leave, a torn last line, is cut off at the next start.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, open, readFile, readdir, rename, stat, truncate, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { RequestError } from '../../contracts/errors.ts';
import { readManifest } from '../../analysis/campaign/read-campaign.ts';
import { cellNamesSchema } from '../../records/identity.ts';
import type { Manifest } from '../../records/manifest.ts';
import type { SessionRecord } from '../../records/session.ts';
import { isDisturbed, trialRecordSchema, type TrialRecord } from '../../records/trial-record.ts';

/** What a plan and a view need to know of a record that is already sealed. */
const glanceSchema = trialRecordSchema
  .pick({ trial: true, attempt: true, repeats: true, heartbeatMaxDelayNs: true, outcome: true })
  .extend({ cell: cellNamesSchema, measures: z.object({ verdict: z.string() }).nullable() });
export type SealedGlance = z.infer<typeof glanceSchema>;

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
    await mkdir(path.join(folder, 'trials'), { recursive: true });
    const lock = await lockFolder(folder);
    try {
      await writeOnce(path.join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
      await readManifest(folder);
      const earlier = await readSealed(path.join(folder, 'trials.jsonl'));
      await wholeLines(path.join(folder, 'sessions.jsonl'));
      const trials = await Journal.open(path.join(folder, 'trials.jsonl'));
      const sessions = await Journal.open(path.join(folder, 'sessions.jsonl'));
      await syncPath(folder);
      return new Ledger(folder, lock, trials, sessions, earlier);
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  /** The trial's own folder. */
  folderOf(trial: string): string {
    return path.join(this.#folder, 'trials', trial);
  }

  /** Seals a record: first its files are on the disk, then the record. */
  async seal(record: TrialRecord): Promise<void> {
    const folder = this.folderOf(record.trial);
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

  static async open(file: string): Promise<Journal> {
    return new Journal(await open(file, 'a'));
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

/** The lines of a journal, empty where there is no file. A torn last line is cut off, and nothing else is touched. */
async function wholeLines(file: string): Promise<string[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole < bytes.length) await truncate(file, whole);
  return bytes
    .toString('utf8', 0, whole)
    .split('\n')
    .filter((line) => line !== '');
}

/**
 * Records sealed before. Throws `RequestError` at a line that is none: which trial it was of is not known, and to run that one
 * anew would remove its captures.
 */
async function readSealed(file: string): Promise<SealedGlance[]> {
  return (await wholeLines(file)).map((line, index) => {
    const glance = glanceSchema.safeParse(parseJson(line));
    if (glance.success) return glance.data;
    throw new RequestError(
      `${file} is damaged: line ${index + 1} is no record («${line.slice(0, QUOTED)}»). Nothing was changed. Restore the ` +
        'file, or take that line out of it, and its trial is run anew. «npm run analyze» reads the others as they are.',
    );
  });
}

/** Characters of a damaged line in an error. */
const QUOTED = 60;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Writes the file whole or not at all; leaves one that is there. Its name is on the disk when the folder has been synced.
 * (The package write-file-atomic, 6.0.0, is not for this: it writes once and does not look at how much was taken, so that
 * a full disk gives a torn file and no error.)
 */
async function writeOnce(file: string, text: string): Promise<void> {
  const there = await stat(file).then(
    () => true,
    () => false,
  );
  if (there) return;
  const draft = `${file}.new`;
  const handle = await open(draft, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

async function syncPath(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * One harness a folder: the kernel's lock on it (flock(2)), held by an open descriptor. It goes with the process that holds
 * it, however that ends, leaves no file, and is seen from every namespace and container that sees the folder. flock(1) sets
 * it on a descriptor that it shares with this process, and ends.
 */
async function lockFolder(folder: string): Promise<FileHandle> {
  const handle = await open(folder, 'r');
  const { status, error } = spawnSync('flock', ['--exclusive', '--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
  });
  if (status === 0) return handle;
  await handle.close();
  throw new RequestError(
    status === 1
      ? `${folder} is in use: another «npm run scenario» is at work in it. Let it end first.`
      : `${folder} cannot be locked (flock: ${error?.message ?? `exit code ${status ?? 'none'}`}): install the package ` +
          'util-linux, or give a folder on a disk of this machine with --out.',
  );
}
