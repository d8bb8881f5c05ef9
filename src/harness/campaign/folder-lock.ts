/** One harness a results folder. */
import { spawnSync } from 'node:child_process';
import { open, type FileHandle } from 'node:fs/promises';
import { RequestError } from '../../contracts/errors.ts';

/**
 * Takes the kernel's lock on the folder (flock(2)), held by an open descriptor. It goes with the process that holds
 * it, however that ends, leaves no file, and is seen from every namespace and container that sees the folder. flock(1) sets
 * it on a descriptor that it shares with this process, and ends.
 */
export async function lockFolder(folder: string): Promise<FileHandle> {
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
