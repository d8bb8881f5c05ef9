/**
 * A control group (cgroups(7), version 2) for what a host runs, which its root may divide further: the file system of control
 * groups is the machine's, and belongs to none of a lab's users but there.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chown, mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Unsupported, messageOf } from '../../contracts/errors.ts';
import { CONTROL_GROUP_PREFIX } from '../../contracts/owner.ts';

/** Files that say who may divide a group (cgroups(7), "Cgroups delegation"). */
const DELEGATED = ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];

/** Puts the process, and what it starts from then on, into a new group that is the user's. Gives the group's folder. */
export async function delegateControlGroup(pid: number, user: number): Promise<string> {
  try {
    const group = path.join(ownGroup(), `${CONTROL_GROUP_PREFIX}${randomBytes(6).toString('hex')}`);
    await mkdir(group);
    for (const file of DELEGATED) await chown(path.join(group, file), user, user);
    await writeFile(path.join(group, 'cgroup.procs'), String(pid));
    return group;
  } catch (error) {
    throw new Unsupported(`no control groups (cgroup v2) here: ${messageOf(error)}`);
  }
}

/** Removes the group and what its user has made in it, all without processes by now. */
export async function removeControlGroup(group: string): Promise<void> {
  const entries = await readdir(group, { withFileTypes: true });
  for (const entry of entries.filter((each) => each.isDirectory()))
    await removeControlGroup(path.join(group, entry.name));
  await rmdir(group);
}

function ownGroup(): string {
  const here = controlGroupsHere();
  if (here === null) throw new Error('no file system of them is mounted');
  return path.join(here.mount, here.own);
}

/** Where control groups are mounted, and the group that this process is in, below that; null where there are none. */
export function controlGroupsHere(): { readonly mount: string; readonly own: string } | null {
  // proc(5): ... MOUNT OPTIONS - cgroup2 SOURCE OPTIONS
  const mount = /^(?:\S+ ){4}(\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];
  const own = /^0::(\S+)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  return mount === undefined || own === undefined ? null : { mount, own };
}
