/**
 * The one door to a results folder, which may be a stranger's. Below the folder no link is followed, nothing but regular
 * files is opened (a FIFO would wait for ever, a device may act), and no more is read than the kind of file can need, nor
 * than was there when it was opened. What is written goes aside first and then takes the file's name, so that a link or a
 * hard link of that name loses only its name.
 *
 * The folder itself may be reached through links: a person named it.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { RequestError } from '../../contracts/errors.ts';
import { removeAtExit } from '../../contracts/leaving.ts';
import { OWNER_PATTERN, isGone, ownerName } from '../../contracts/owner.ts';
import { oneLine } from '../../records/plain-text.ts';
import { linesOf, type Line } from './record-lines.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const CHUNK_BYTES = MIB;

/** How much of each kind of file is read, in bytes. More is no file of that kind. */
export const MOST_BYTES = {
  /** A cell takes about 100 bytes, and there are at most some ten thousand; the scenario's text is a few kilobytes. */
  manifest: 64 * MIB,
  /** A record takes 10 kB: 100,000 trials are 1 GB. */
  trials: 4 * GIB,
  sessions: 64 * MIB,
  /** An event takes 200 bytes; a trial of the longest horizon has some hundred thousand. */
  timeline: 128 * MIB,
  /** A trial's uplink at a gigabit a second for half a minute; the tunnel's own datagrams are cut short. */
  capture: 4 * GIB,
  baseline: 256 * MIB,
} as const;

/** Longest line of a record file, in bytes: a record with its knocks for every second of a day. */
const MOST_LINE_BYTES = 8 * MIB;

/** A file or folder is there and is not used; the message says why and what to do. */
export class FileRefused extends RequestError {
  override readonly name: string = 'FileRefused';
  /** Code by which the system would have refused it. */
  readonly code: 'EISDIR' | 'ELOOP' | 'EFBIG' | 'EINVAL';

  constructor(message: string, code: FileRefused['code']) {
    super(message);
    this.code = code;
  }
}

/** Opens a regular file below `folder` to read; null where there is none. @throws FileRefused */
async function openFile(folder: string, parts: readonly string[], mostBytes: number): Promise<FileHandle | null> {
  const file = join(folder, ...parts);
  if ((await look(folder, parts)) === null) return null;
  return openRegular(file, mostBytes, constants.O_NOFOLLOW);
}

/** Opens a regular file that a person named. `more`: further flags. @throws FileRefused for what is no regular file. */
export async function openRegular(file: string, mostBytes: number, more = 0): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | more).catch((error: unknown) => {
    // A socket: it can be found, and not opened.
    if (codeOf(error) === 'ENXIO') throw refused(file, 'a socket');
    throw error;
  });
  try {
    assertRegular(file, await handle.stat(), mostBytes);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Where a regular file below `folder` is; null where there is none. @throws FileRefused */
export async function pathOf(folder: string, parts: readonly string[], mostBytes: number): Promise<string | null> {
  const stats = await look(folder, parts);
  const file = join(folder, ...parts);
  if (stats === null) return null;
  assertRegular(file, stats, mostBytes);
  return file;
}

/** The whole text of a file below `folder`, as long as it was when opened; null where there is none. @throws FileRefused */
export async function readText(folder: string, parts: readonly string[], mostBytes: number): Promise<string | null> {
  await using handle = await openFile(folder, parts, mostBytes);
  if (handle === null) return null;
  const pieces: Buffer[] = [];
  for await (const piece of bytesOf(handle, (await handle.stat()).size)) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** The lines of a file below `folder`, none where there is no file. @throws FileRefused */
export async function* readLines(folder: string, parts: readonly string[], mostBytes: number): AsyncGenerator<Line> {
  await using handle = await openFile(folder, parts, mostBytes);
  if (handle !== null) yield* linesOf(bytesOf(handle, (await handle.stat()).size), MOST_LINE_BYTES);
}

/**
 * Writes a file below `folder` whole or not at all, in folders made where they are missing. `synced`: its bytes are on
 * the disk before it takes its name. @throws FileRefused
 */
export async function writeInto(
  folder: string,
  parts: readonly string[],
  content: string | Uint8Array,
  { synced = false } = {},
): Promise<void> {
  await makeBelow(folder, parts.slice(0, -1));
  const file = join(folder, ...parts);
  const standing = await lstat(file).catch(missing);
  if (standing?.isDirectory() === true) throw refused(file, 'a folder');
  await removeAbandoned(dirname(file), basename(file));
  const aside = `${file}.${ownerName(process.pid) ?? `0.${process.pid}.0`}-${(written += 1)}.new`;
  const forget = removeAtExit(aside);
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const handle = await open(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
    try {
      await handle.writeFile(content);
      if (synced) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  } finally {
    forget();
  }
}

/**
 * Opens a file below `folder` to append to, made where it is missing. One that has a second name (a hard link) is refused:
 * what goes by that name would change too. @throws FileRefused
 */
export async function appendTo(folder: string, parts: readonly string[]): Promise<FileHandle> {
  const file = join(folder, ...parts);
  const standing = await look(folder, parts);
  if (standing !== null) assertRegular(file, standing, Infinity);
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o666);
  try {
    const stats = await handle.stat();
    assertRegular(file, stats, Infinity);
    if (stats.nlink > 1) throw refused(file, `one of ${stats.nlink} names (hard links) of a file`, 'a file of its own');
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Makes the results folder itself, and those above it, where they are missing. @throws FileRefused */
export async function makeResults(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST' && codeOf(error) !== 'ENOTDIR' && codeOf(error) !== 'ENOENT') throw error;
  });
  const standing = await stat(folder).catch(() => null);
  if (standing?.isDirectory() === true) return;
  const what = standing === null ? 'not to be made: what its path leads to is no folder' : kindOf(standing);
  throw new FileRefused(
    `${oneLine(folder)} is ${what}, and results go into a folder: name another with --out, or take that away`,
    'EINVAL',
  );
}

/** Makes a folder below `folder`, and those above it; leaves what is in it. Gives its path. @throws FileRefused */
export async function makeBelow(folder: string, parts: readonly string[]): Promise<string> {
  for (let depth = 1; depth <= parts.length; depth++) await makeFolder(folder, parts.slice(0, depth));
  return join(folder, ...parts);
}

/**
 * Makes an empty folder below `folder`, and those above it: what had its name is removed, a link without what it leads
 * to. Gives its path. @throws FileRefused for a link on the way
 */
export async function makeEmpty(folder: string, parts: readonly string[]): Promise<string> {
  await makeBelow(folder, parts.slice(0, -1));
  await removeBelow(folder, parts);
  return makeBelow(folder, parts);
}

/** Removes what has a name below `folder`, with all that is in it. @throws FileRefused for a link on the way */
export async function removeBelow(folder: string, parts: readonly string[]): Promise<void> {
  if ((await look(folder, parts.slice(0, -1), 'a folder')) === null && parts.length > 1) return;
  await rm(join(folder, ...parts), { recursive: true, force: true });
}

/** Files that this process has written, so that each has a name of its own while it is not whole. */
let written = 0;

const ASIDE = new RegExp(`^\\.(${OWNER_PATTERN.source})-\\d+\\.new$`);

/** Removes what a process that was killed while it wrote the file has left of it. */
async function removeAbandoned(folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const owner = entry.startsWith(name) ? ASIDE.exec(entry.slice(name.length))?.[1] : undefined;
    if (owner !== undefined && isGone(owner)) await rm(join(folder, entry), { force: true });
  }
}

/** The first `size` bytes of a file: one that somebody writes to all the while would never come to its end. */
function bytesOf(handle: FileHandle, size: number): AsyncIterable<Buffer> {
  if (size === 0) return Readable.from([]);
  return handle.createReadStream({ start: 0, end: size - 1, highWaterMark: CHUNK_BYTES, autoClose: false });
}

async function makeFolder(folder: string, parts: readonly string[]): Promise<void> {
  await mkdir(join(folder, ...parts)).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  await look(folder, parts, 'a folder');
}

/** What is at the end of `parts`, which is to be `wanted`, having met no link on the way; null where there is nothing. */
async function look(
  folder: string,
  parts: readonly string[],
  wanted: 'a file' | 'a folder' = 'a file',
): Promise<Stats | null> {
  let stats: Stats | null = null;
  for (let depth = 1; depth <= parts.length; depth++) {
    const at = join(folder, ...parts.slice(0, depth));
    stats = await lstat(at).catch(missing);
    if (stats === null) return null;
    const here = depth < parts.length ? 'a folder' : wanted;
    if (stats.isSymbolicLink()) throw refused(at, 'a symbolic link', here);
    if (here === 'a folder' && !stats.isDirectory()) throw refused(at, kindOf(stats), here);
  }
  return stats;
}

function assertRegular(file: string, stats: Stats, mostBytes: number): void {
  if (!stats.isFile()) throw refused(file, kindOf(stats));
  if (stats.size > mostBytes) {
    throw new FileRefused(
      `${oneLine(file)} has ${stats.size} bytes, and no file of its kind has more than ${mostBytes}: it was not read`,
      'EFBIG',
    );
  }
}

const CODES: Readonly<Record<string, FileRefused['code']>> = { 'a folder': 'EISDIR', 'a symbolic link': 'ELOOP' };

function refused(file: string, what: string, wanted = 'a file'): FileRefused {
  return new FileRefused(
    `${oneLine(file)} is ${what}, and a results folder has ${wanted} there: put ${wanted} in its place, or take it away`,
    CODES[what] ?? 'EINVAL',
  );
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return stats.isFile() ? 'a file' : 'a device';
}

function missing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
