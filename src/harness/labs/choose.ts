/** Where a lab can be built on this machine: network namespaces where they can be made, else containers. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import type { Need } from '../../contracts/host.ts';
import { RequestError, messageOf } from '../../contracts/errors.ts';
import { findCommand, missing } from './provision.ts';
import { connectEngine } from './docker/engine.ts';
import { enterNamespaces } from './netns.ts';

export const BACKENDS = ['netns', 'docker'] as const;
export type Backend = (typeof BACKENDS)[number];

export interface Choice {
  readonly backend: Backend;
  /** Reason why the lab was chosen, for a person. */
  readonly reason: string;
}

/** Takes namespaces where they work and `needs` can be met, else containers. Throws `RequestError` that says why neither does. */
export async function chooseBackend(needs: readonly Need[]): Promise<Choice> {
  const obstacle = netnsObstacle(needs);
  if (obstacle === null) return { backend: 'netns', reason: 'this system lets us make network namespaces' };
  try {
    const { version } = await connectEngine();
    return { backend: 'docker', reason: `${obstacle}; Docker ${version} answers` };
  } catch (error) {
    throw new RequestError(`No lab can be built here. Namespaces: ${obstacle}. Containers: ${messageOf(error)}`);
  }
}

/** Why the embedded lab cannot be opened here; null when nothing speaks against it. */
function netnsObstacle(needs: readonly Need[]): string | null {
  if (process.platform !== 'linux') return `${process.platform} has no network namespaces`;
  const absent = missing(needs);
  const installable = process.getuid?.() === 0 && findCommand('apt-get') !== null;
  if (absent.length > 0 && !installable) return `missing ${absent.map((need) => need.package).join(', ')}`;
  const [program, ...args] = enterNamespaces(['true']);
  const tried = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (tried.status !== 0) {
    const hint = process.getuid?.() === 0 ? '' : '; without root this takes package uidmap and an entry in /etc/subuid';
    return `namespaces cannot be made (${tried.error?.message ?? tried.stderr.trim()}${hint})`;
  }
  return existsSync('/sys/module/wireguard') || canUseTun() ? null : '/dev/net/tun is closed to this user';
}

/** Userspace WireGuard needs it; the distribution's default lets everybody open it. */
function canUseTun(): boolean {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
