/**
 * A folder that a guest owns, worked on by the harness, which is root. The guest (a torrent client) may put anything in
 * the place of anything: a symbolic link to a file of the machine's, a hard link, a pipe that nobody writes to, a file of
 * a terabyte. So no name below the folder is followed: each component is opened in the folder opened before it, and is a
 * folder or nothing; what is read is a regular file of the guest's own, up to a size; what is written is a new file.
 *
 * The path of the folder that holds the guest's is the harness's own, and is followed.
 */
import fs, { constants, type FSWatcher, type Stats } from 'node:fs';
import path from 'node:path';
import { messageOf } from './errors.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Longest file that is read, in bytes: far above any client's settings, resume data or table of nodes. */
const MOST_BYTES = 64 << 20;
/** Most entries of a folder, and most files below one. */
const MOST_ENTRIES = 10_000;
/** Folders in folders that files are looked for in. */
const DEEPEST = 16;

const PERMISSIONS = 0o777;
const READ_WRITE = 0o666;

/** What opening a name says where there is nothing of the kind that was asked for. */
const NOTHING_THERE = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'];

interface Folder {
  readonly fd: number;
  /** Owner and mode of the guest's folder itself. */
  readonly guest: Stats;
}

/** Makes a folder and those above it, with the owner and mode of the guest's. `mode` is for the last one, also if it is there. */
export function makeFolder(guest: string, below: string, mode?: number): void {
  inFolder(guest, below, 'make', ({ fd }) => {
    if (mode !== undefined) fs.fchmodSync(fd, mode);
  });
}

/** Writes a new file for the guest to read and rewrite, in place of what has its name; makes the folder. */
export function placeFile(guest: string, below: string, content: string | Uint8Array): void {
  inFolder(guest, path.dirname(below), 'make', ({ fd, guest: { uid, gid, mode } }) => {
    const name = entryOf(fd, path.basename(below));
    try {
      fs.unlinkSync(name);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw trespass(guest, below, `cannot be replaced: ${messageOf(error)}`);
    }
    const file = fs.openSync(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      fs.writeFileSync(file, content);
      fs.fchownSync(file, uid, gid);
      fs.fchmodSync(file, mode & READ_WRITE);
    } finally {
      fs.closeSync(file);
    }
  });
}

/** Names in a folder; none where there is no such folder. */
export function namesIn(guest: string, below: string): readonly string[] {
  return inFolder(guest, below, 'look', ({ fd }) => entriesOf(fd, guest, below).map(({ name }) => name)) ?? [];
}

/** Paths of the files below a folder, or of the one file that is there; null when there is neither. */
export function filesIn(guest: string, below: string, depth = 0): readonly string[] | null {
  const entries = inFolder(guest, below, 'look', ({ fd }) => entriesOf(fd, guest, below));
  if (entries === null) return readPart(guest, below, ({ size }) => size) === null ? null : [below];
  if (depth > DEEPEST) throw trespass(guest, below, `lies deeper than ${DEEPEST} folders`);
  const files: string[] = [];
  for (const entry of entries) {
    const each = path.join(below, entry.name);
    if (entry.isFile()) files.push(each);
    else if (entry.isDirectory()) files.push(...(filesIn(guest, each, depth + 1) ?? []));
    if (files.length > MOST_ENTRIES) throw trespass(guest, below, `has more than ${MOST_ENTRIES} files`);
  }
  return files;
}

/** A part of a file, and what the file is. */
export interface Part {
  readonly bytes: Buffer;
  readonly stats: Stats;
}

/**
 * Reads a regular file of the guest's own from a place to its end; null where there is none. `from` tells the place, in
 * bytes, by what the file is. Throws where more than `MOST_BYTES` are left.
 */
export function readPart(guest: string, below: string, from: (stats: Stats) => number): Part | null {
  return inFolder(guest, path.dirname(below), 'look', (folder) => {
    const file = openThere(entryOf(folder.fd, path.basename(below)), O_RDONLY | O_NONBLOCK);
    if (file === null) return null;
    try {
      const stats = fs.fstatSync(file);
      // A hard link gives the guest a name for the file of another, not the file.
      if (!stats.isFile() || stats.uid !== folder.guest.uid) return null;
      const start = Math.min(from(stats), stats.size);
      const left = stats.size - start;
      if (left > MOST_BYTES) throw trespass(guest, below, `has ${left} bytes to read; at most ${MOST_BYTES} are read`);
      const bytes = Buffer.alloc(left);
      let done = 0;
      for (let got = 1; got > 0 && done < left; done += got)
        got = fs.readSync(file, bytes, done, left - done, start + done);
      return { bytes: bytes.subarray(0, done), stats };
    } finally {
      fs.closeSync(file);
    }
  });
}

/** Contents of a regular file of the guest's own; null where there is none. */
export function readFileIn(guest: string, below: string): Buffer | null {
  return readPart(guest, below, () => 0)?.bytes ?? null;
}

/** Tells the name of each entry of a folder that changes. Null where there is no such folder. */
export function watchFolder(guest: string, below: string, told: (name: string | null) => void): FSWatcher | null {
  // The kernel watches what the descriptor has open, whatever then comes in the place of its name.
  return inFolder(guest, below, 'look', ({ fd }) => fs.watch(openedAs(fd), (_, name) => told(name)));
}

/** Works in a folder of the guest's; null where it is not there and `how` does not make it. */
function inFolder<T>(guest: string, below: string, how: 'make' | 'look', work: (folder: Folder) => T): T | null {
  const names = below.split('/').filter((name) => name !== '' && name !== '.');
  if (path.isAbsolute(below) || names.includes('..')) throw trespass(guest, below, 'is not a path below it');
  const open: number[] = [];
  const keep = (fd: number): number => {
    open.push(fd);
    return fd;
  };
  try {
    const holder = keep(fs.openSync(path.dirname(guest), O_RDONLY | O_DIRECTORY));
    const root = openThere(entryOf(holder, path.basename(guest)), O_RDONLY | O_DIRECTORY);
    if (root === null) throw trespass(guest, '.', 'is not a folder (any more)');
    const owner = fs.fstatSync(keep(root));
    let fd = root;
    for (const [index, name] of names.entries()) {
      let next = openThere(entryOf(fd, name), O_RDONLY | O_DIRECTORY);
      if (next === null && how === 'look') return null;
      next ??=
        makeIn(fd, name, owner) ?? thrown(trespass(guest, names.slice(0, index + 1).join('/'), 'is not a folder'));
      fd = keep(next);
    }
    return work({ fd, guest: owner });
  } finally {
    for (const fd of open) fs.closeSync(fd);
  }
}

/** Makes and opens a folder; null where something else has its name. */
function makeIn(folder: number, name: string, { uid, gid, mode }: Stats): number | null {
  try {
    fs.mkdirSync(entryOf(folder, name), 0o700);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null;
    throw error;
  }
  const made = openThere(entryOf(folder, name), O_RDONLY | O_DIRECTORY);
  if (made === null) return null;
  fs.fchownSync(made, uid, gid);
  fs.fchmodSync(made, mode & PERMISSIONS);
  return made;
}

function entriesOf(fd: number, guest: string, below: string): fs.Dirent[] {
  const folder = fs.opendirSync(openedAs(fd));
  try {
    const entries: fs.Dirent[] = [];
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      entries.push(entry);
      if (entries.length > MOST_ENTRIES) throw trespass(guest, below, `has more than ${MOST_ENTRIES} entries`);
    }
    return entries;
  } finally {
    folder.closeSync();
  }
}

/** Opens without following a link; null where there is nothing of the kind. */
function openThere(name: string, flags: number): number | null {
  try {
    return fs.openSync(name, flags | O_NOFOLLOW);
  } catch (error) {
    if (NOTHING_THERE.includes(codeOf(error) ?? '')) return null;
    throw error;
  }
}

/** Path of what a descriptor has open: Node.js has no openat(2), and the kernel resolves this to the same. */
function openedAs(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

function entryOf(folder: number, name: string): string {
  return `${openedAs(folder)}/${name}`;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function trespass(guest: string, below: string, what: string): Error {
  return new Error(
    `«${below}» in the client's folder ${guest} ${what}: the client put it there; see what it does, or leave it out`,
  );
}

function thrown(error: Error): never {
  throw error;
}
