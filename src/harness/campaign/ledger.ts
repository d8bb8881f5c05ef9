/**
 * The campaign's folder as the harness writes it: the manifest once, then one sealed record after the other, each on the
 * disk before the next is taken, and beside them what each session of the harness had to say (`sessions.jsonl`).
 *
 * A record that was sealed is never rewritten. What a crash can leave, a torn last line, is cut off at the next start.
 */
import { createServer, type Server } from 'node:net';
import { mkdir, open, readFile, readdir, rename, stat, truncate, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { RequestError } from '../../contracts/errors.ts';
import type { Manifest } from '../../records/manifest.ts';
import type { SessionRecord } from '../../records/session.ts';
import { isDisturbed, trialRecordSchema, type TrialRecord } from '../../records/trial-record.ts';

/** What a plan and a view need to know of a record that is already sealed. */
const glanceSchema = trialRecordSchema
  .pick({ trial: true, attempt: true, repeats: true, cell: true, heartbeatMaxDelayNs: true, outcome: true })
  .extend({ measures: z.object({ verdict: z.string() }).nullable() });
export type SealedGlance = z.infer<typeof glanceSchema>;

export class Ledger implements AsyncDisposable {
  /** Records sealed before this session, in the order of the file. */
  readonly earlier: readonly SealedGlance[];
  readonly #folder: string;
  readonly #lock: Server;
  readonly #trials: Journal;
  readonly #sessions: Journal;

  private constructor(folder: string, lock: Server, trials: Journal, sessions: Journal, earlier: SealedGlance[]) {
    this.#folder = folder;
    this.#lock = lock;
    this.#trials = trials;
    this.#sessions = sessions;
    this.earlier = earlier;
  }

  /**
   * Opens the folder for one session; the manifest is written where there is none yet.
   * Throws `RequestError` when another harness is at work in it.
   */
  static async open(folder: string, manifest: Manifest): Promise<Ledger> {
    await mkdir(path.join(folder, 'trials'), { recursive: true });
    const lock = await lockFolder(folder);
    await writeOnce(path.join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
    const earlier = (await wholeLines(path.join(folder, 'trials.jsonl'))).map((line) =>
      glanceSchema.parse(JSON.parse(line)),
    );
    await wholeLines(path.join(folder, 'sessions.jsonl'));
    const trials = await Journal.open(path.join(folder, 'trials.jsonl'));
    const sessions = await Journal.open(path.join(folder, 'sessions.jsonl'));
    await syncPath(folder);
    return new Ledger(folder, lock, trials, sessions, earlier);
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
    this.#lock.close();
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
 * One harness a folder. The lock is a name in the kernel's abstract socket space, made of the folder's device and inode:
 * it goes with the process that holds it, however that ends, and leaves no file.
 */
async function lockFolder(folder: string): Promise<Server> {
  const { dev, ino } = await stat(folder);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () =>
      reject(new RequestError(`${folder} is in use: another «npm run scenario» is at work in it. Let it end first.`)),
    );
    server.listen(`\0killswitch-lab/${dev}/${ino}`, resolve);
  });
  server.unref();
  return server;
}
