/**
 * A control group (cgroups(7), version 2) for what a host runs, which its root may divide further: the file system of control
 * groups is the machine's, and belongs to none of a lab's users but there.
 */
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Unsupported, messageOf } from '../../contracts/errors.ts';

/** Files that say who may divide a group (cgroups(7), "Cgroups delegation"). */
const DELEGATED = ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];

/** Puts the process, and what it starts from then on, into a new group that is the user's. Gives the group's folder. */
export async function delegateControlGroup(pid: number, user: number, name: string): Promise<string> {
  try {
    const group = path.join(await ownGroup(), `${name}${randomBytes(6).toString('hex')}`);
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

/** The folder of the group that this process is in. */
async function ownGroup(): Promise<string> {
  const [mounts, groups] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    readFile('/proc/self/cgroup', 'utf8'),
  ]);
  const line = mounts.split('\n').find((each) => each.includes(' - cgroup2 '));
  const place = line?.split(' ')[4];
  const group = /^0::(.*)$/m.exec(groups)?.[1];
  if (place === undefined || group === undefined) throw new Error('no file system of them is mounted');
  return path.join(place, group);
}
