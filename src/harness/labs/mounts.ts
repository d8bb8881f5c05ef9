/**
 * Mounts in the namespace that this thread is in, made by system calls: a lab takes some eighty, and a program for each
 * took a third of the time of opening it.
 */
import { chmodSync, closeSync, constants, readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { errno, load } from 'koffi';
import * as z from 'zod';

/** Flags of linux/mount.h. */
const FLAG = { ro: 0x1, nosuid: 0x2, nodev: 0x4, noexec: 0x8, nosymfollow: 0x100 } as const;
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_MOVE = 0x2000;

export type MountFlag = keyof typeof FLAG;

/** Numbers of system calls that the C library has no function for in every version; the same on all processors. */
const OPEN_TREE = 428;
const MOVE_MOUNT = 429;
const MOUNT_SETATTR = 442;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 0x1;
const O_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOUNT_ATTR_IDMAP = 0x10_0000n;
const MOUNT_ATTR_NOSYMFOLLOW = 0x20_0000n;
const MNT_DETACH = 0x2;

const libc = load(null);
const call = {
  mount: libc.func('int mount(const char *, const char *, const char *, unsigned long, const char *)'),
  umount: libc.func('int umount2(const char *, int)'),
  openTree: libc.func('long syscall(long, int, const char *, unsigned int)'),
  moveMount: libc.func('long syscall(long, int, const char *, int, const char *, unsigned int)'),
  setAttributes: libc.func('long syscall(long, int, const char *, unsigned int, const uint64_t *, size_t)'),
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

/** Covers a place with an empty file system that holds no devices, the user `owner`'s. `mode` is octal. */
export function cover(place: string, mode: string, owner = 0): void {
  mountNew('tmpfs', place, ['nosuid', 'nodev'], `mode=${mode},uid=${owner},gid=${owner}`);
}

/** Shows what is in one place in another one too. */
export function bind(from: string, to: string): void {
  mount(from, to, null, MS_BIND, null);
}

export function move(from: string, to: string): void {
  mount(from, to, null, MS_MOVE, null);
}

/** What is mounted and not yet, or no longer, in a place. */
export interface Detached {
  attach(place: string): void;
}

/**
 * Takes what is in a place, to show it in another, or in the same one once that is covered. With `users`, an open user
 * namespace, it then belongs to that one's users: its root owns what root owns, and links lead where they say. Throws where a file system or the kernel
 * (before 5.12, or 6.3 for tmpfs) cannot do that.
 */
export function detached(place: string, users?: number): Detached {
  const tree = z.number().parse(call.openTree(OPEN_TREE, AT_FDCWD, place, OPEN_TREE_CLONE | O_CLOEXEC));
  if (tree < 0) throw new Error(`open_tree(2) of ${place}: ${getSystemErrorName(-errno())}`);
  try {
    if (users !== undefined) {
      // struct mount_attr: attributes to set, to clear, propagation, the user namespace.
      const attributes = [MOUNT_ATTR_IDMAP, MOUNT_ATTR_NOSYMFOLLOW, 0n, BigInt(users)];
      const size = attributes.length * BigUint64Array.BYTES_PER_ELEMENT;
      assertDone(
        call.setAttributes(MOUNT_SETATTR, tree, '', AT_EMPTY_PATH, attributes, size),
        `mount_setattr(2) of ${place}`,
      );
    }
  } catch (error) {
    closeSync(tree);
    throw error;
  }
  return {
    attach: (to) => {
      assertDone(
        call.moveMount(MOVE_MOUNT, tree, '', AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH),
        `move_mount(2) of ${place} to ${to}`,
      );
      closeSync(tree);
    },
  };
}

/** Whether the kernel can give files of a tmpfs to the users of a namespace. To be asked where a cover of /mnt does not matter. */
export function canGiveTo(users: number): boolean {
  cover('/mnt', '755');
  try {
    detached('/mnt', users).attach('/mnt');
    return true;
  } catch {
    return false;
  }
}

/** Takes away what covers a place; who has it open keeps it. */
export function uncover(place: string): void {
  assertDone(call.umount(place, MNT_DETACH), `umount(2) of ${place}`);
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
