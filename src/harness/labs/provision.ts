/**
 * Sees to it that the distribution's commands a plan needs are there: installs the packages when root on a system with
 * apt, else says the exact command to type and the alternative.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import type { Argv, Need } from '../../contracts/host.ts';
import { RequestError } from '../../contracts/errors.ts';

/** Daemons live in sbin, which is not on everybody's search path. */
export const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * Where a command is, in the places lab hosts look; null when it is nowhere. A path stands for itself, whatever is there:
 * trials ask their hosts the same (installed.ts).
 */
export function findCommand(command: string): string | null {
  if (command.startsWith('/')) return existsSync(command) ? command : null;
  return SYSTEM_PATH.map((folder) => path.join(folder, command)).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The needs that are not met, each package once. */
export function missing(needs: readonly Need[]): readonly Need[] {
  const absent = needs.filter((need) => findCommand(need.command) === null);
  return [...new Map(absent.map((need) => [need.package, need])).values()];
}

/**
 * Installs what is missing. Throws `RequestError` with the command to type where it cannot, and with what can be done
 * `instead` of installing, where there is such a thing.
 * Package services are not started: the lab runs its own processes (`policy-rc.d` is left alone; `RUNLEVEL=1` is the
 * convention invoke-rc.d follows).
 */
export async function provide(needs: readonly Need[], say: (line: string) => void, instead = ''): Promise<void> {
  const absent = missing(needs);
  if (absent.length === 0) return;
  const packages = absent.map((need) => need.package).sort();
  const install: Argv = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages];
  const reason = `missing: ${absent.map((need) => `${need.command} (package ${need.package})`).join(', ')}`;
  const rootless = process.getuid?.() !== 0;
  if (rootless || findCommand('apt-get') === null) {
    throw new RequestError(
      `${reason}.\n` +
        (rootless
          ? `To install, type:\n  sudo apt-get update && sudo ${install.join(' ')}`
          : 'This system has no apt-get: install these commands with its own package manager.') +
        (instead === '' ? '' : `\n${instead}`),
    );
  }
  say(`installing ${packages.join(', ')}`);
  await apt(['apt-get', 'update', '--quiet=2'], reason);
  await apt([...install, '--quiet=2'], reason);
  const still = missing(needs);
  if (still.length > 0) {
    throw new RequestError(
      `${still.map((need) => need.command).join(', ')} still missing after «${install.join(' ')}». ` +
        'Install it by hand, or leave out what needs it.',
    );
  }
}

async function apt(argv: Argv, reason: string): Promise<void> {
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) {
    throw new RequestError(`${reason}.\n«${argv.join(' ')}» ended with exit code ${code ?? 'none'}:\n${output.trim()}`);
  }
}
