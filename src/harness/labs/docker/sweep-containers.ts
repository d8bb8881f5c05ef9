/**
 * What a killed run left behind: containers and scratch folders whose owner, the process that opened the lab, is gone.
 * Nothing without the project's label or name is looked at, and nothing of a run that still lives is touched.
 */
import { readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { OWNER_PATTERN, isGone } from '../../../contracts/owner.ts';
import { LABEL, engineClient, removeContainer } from './engine.ts';

/**
 * Scratch folders, in the system's folder for temporary files, begin with this and their owner. Short: clients have sockets
 * in their folders below, and the path of one may be 107 bytes (unix(7)).
 */
export const SCRATCH_PREFIX = 'ksl-';

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
    if (!isGone(Labels[LABEL.owner] ?? '')) return 0;
    await removeContainer(docker, Id);
    return 1;
  });
  const scratch = await abandonedFolders();
  await Promise.all(scratch.map((folder) => rm(folder, { recursive: true, force: true })));
  return (await Promise.all(removals)).reduce<number>((sum, one) => sum + one, scratch.length);
}

async function abandonedFolders(): Promise<readonly string[]> {
  const entries = await readdir(os.tmpdir());
  const own = new RegExp(`^${SCRATCH_PREFIX}(${OWNER_PATTERN.source})-`);
  return entries
    .filter((entry) => {
      const owner = own.exec(entry)?.[1];
      return owner !== undefined && isGone(owner);
    })
    .map((entry) => path.join(os.tmpdir(), entry));
}
