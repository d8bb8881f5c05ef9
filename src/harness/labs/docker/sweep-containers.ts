/**
 * What a killed run left behind: containers and scratch folders whose owner, the process that opened the lab, is gone.
 * Nothing without the project's label or name is looked at, and nothing of a run that still lives is touched.
 */
import { readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { LABEL, engineClient, removeContainer } from './engine.ts';

/** Scratch folders, in the system's folder for temporary files, begin with this and their owner. */
export const SCRATCH_PREFIX = 'killswitch-lab-';

/** Names a process for good: its id and when it was started, since ids are used again. Null when it is gone. */
export async function ownerName(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the second field, in parentheses, may hold spaces; starttime is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${pid}.${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}

async function isGone(owner: string): Promise<boolean> {
  const [pid] = owner.split('.');
  return (await ownerName(Number(pid))) !== owner;
}

const containersSchema = z.array(z.looseObject({ Id: z.string(), Labels: z.record(z.string(), z.string()) }));

/** Removes abandoned containers and scratch folders and gives how many there were. */
export async function sweepContainers(): Promise<number> {
  const docker = engineClient();
  let listed: unknown = [];
  try {
    listed = await docker.listContainers({ all: true, filters: { label: [LABEL.owner] } });
  } catch {
    // No engine, or none that this user may speak to: then nothing of ours runs in it.
  }
  const removals = containersSchema.parse(listed).map(async ({ Id, Labels }) => {
    if (!(await isGone(Labels[LABEL.owner] ?? ''))) return 0;
    await removeContainer(docker, Id);
    return 1;
  });
  const scratch = await abandonedFolders();
  await Promise.all(scratch.map((folder) => rm(folder, { recursive: true, force: true })));
  return (await Promise.all(removals)).reduce<number>((sum, one) => sum + one, scratch.length);
}

async function abandonedFolders(): Promise<readonly string[]> {
  const entries = await readdir(os.tmpdir());
  const own = new RegExp(`^${SCRATCH_PREFIX}(\\d+\\.\\d+)-`);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const owner = own.exec(entry)?.[1];
      return owner !== undefined && (await isGone(owner)) ? [path.join(os.tmpdir(), entry)] : [];
    }),
  );
  return found.flat();
}
