/**
 * Mounts in the namespace that this thread is in, made by system calls: a lab takes some eighty, and a program for each
 * took a third of the time of opening it.
 */
import { chmodSync, constants, readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { errno, load } from 'koffi';
import * as z from 'zod';

/** Flags of linux/mount.h. */
const FLAG = { ro: 0x1, nosuid: 0x2, nodev: 0x4, noexec: 0x8 } as const;
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_MOVE = 0x2000;

export type MountFlag = keyof typeof FLAG;

const libc = load(null);
const call = {
  mount: libc.func('int mount(const char *, const char *, const char *, unsigned long, const char *)'),
  mknod: libc.func('int mknod(const char *, unsigned int, uint64_t)'),
};

function mount(source: string, place: string, type: string | null, flags: number, data: string | null): void {
  assertDone(call.mount(source, place, type, flags, data), `mount(2) of ${source} on ${place}`);
}

function assertDone(result: unknown, what: string): void {
  if (z.number().parse(result) !== 0) throw new Error(`${what}: ${getSystemErrorName(-errno())}`);
}

/** Mounts a new file system; `data` is its own options, as mount(8) takes them. */
export function mountNew(type: string, place: string, flags: readonly MountFlag[] = [], data = ''): void {
  mount(type, place, type, bits(flags), data);
}

/** Covers a place with an empty file system that holds no devices. `mode` is octal. */
export function cover(place: string, mode: string): void {
  mountNew('tmpfs', place, ['nosuid', 'nodev'], `mode=${mode}`);
}

/** Shows what is in one place in another one too. */
export function bind(from: string, to: string): void {
  mount(from, to, null, MS_BIND, null);
}

export function move(from: string, to: string): void {
  mount(from, to, null, MS_MOVE, null);
}

/** Lets nothing be written through the mounts on these places. */
export function makeReadOnly(...places: readonly string[]): void {
  const all = mounts();
  for (const place of places) mount('none', place, null, MS_REMOUNT | MS_BIND | FLAG.ro | kept(all, place), null);
}

/** Gives a mounted file system other options of its own. */
export function remount(place: string, data: string): void {
  mount('none', place, null, MS_REMOUNT | kept(mounts(), place), data);
}

interface CharacterDevice {
  readonly mode: number;
  readonly major: number;
  readonly minor: number;
}

/** Makes the node of a device whose numbers are below 256, open to whom its mode says. */
export function makeCharacterDevice(place: string, { mode, major, minor }: CharacterDevice): void {
  assertDone(call.mknod(place, constants.S_IFCHR, major * 256 + minor), `mknod(2) of ${place}`);
  chmodSync(place, mode);
}

/** One line of proc_pid_mountinfo(5). */
export interface Mount {
  readonly id: string;
  readonly parent: string;
  readonly place: string;
  readonly options: readonly string[];
}

/** All mounts of this thread's namespace, in the order in which the kernel has them: a later one covers an earlier. */
export function mounts(): readonly Mount[] {
  const lines = readFileSync('/proc/thread-self/mountinfo', 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [id = '', parent = '', , , place = '', options = ''] = line.split(' ');
    return { id, parent, place: unescaped(place), options: options.split(',') };
  });
}

/** What a mount forbids already: a remount that does not say so allows it again, or may not be made. */
function kept(all: readonly Mount[], place: string): number {
  const options = all.findLast((each) => each.place === place)?.options ?? [];
  return Object.entries(FLAG).reduce((flags, [name, flag]) => (options.includes(name) ? flags | flag : flags), 0);
}

function bits(flags: readonly MountFlag[]): number {
  return flags.reduce((all, each) => all | FLAG[each], 0);
}

/** The kernel writes a space and the like in a path as a backslash and three octal digits. */
function unescaped(place: string): string {
  return place.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
