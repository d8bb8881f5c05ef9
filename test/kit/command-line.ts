/** The command line as a person calls it, through bootstrap.mjs. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const BOOTSTRAP = fileURLToPath(new URL('../../bootstrap.mjs', import.meta.url));

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end. */
export function commandLine(...argv: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BOOTSTRAP, ...argv], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}
