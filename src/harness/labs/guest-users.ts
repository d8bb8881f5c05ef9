/**
 * The users of labs that root opens: a user namespace whose root is nobody on the machine. What a host's root may do, it
 * may do to what belongs to the namespace (its network, its mounts), and not to the machine's files, settings or devices.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import type { Argv } from '../../contracts/host.ts';

/**
 * First of the machine's ids that stand for the ids of a lab, from its root's on. They are nobody's: above those that
 * systemd gives to containers (up to 0x6FFFFFFF, its UIDS-GIDS.md) and far above any that useradd(8) or subuid(5) hand out.
 */
export const FIRST_ID = 0x7000_0000;
/** Number of a lab's ids: Debian's `nobody` is the last. */
const IDS = 0x1_0000;

export interface GuestUsers {
  /** Id on the machine of a lab's root. */
  readonly root: number;
  /** The open user namespace. */
  readonly namespace: number;
  /** Command to put before another, which it makes that root's. */
  readonly become: Argv;
}

/**
 * Makes the namespace, which lasts as long as this process, the machine's root. Null where that root has no such ids, being
 * of a user namespace itself, or the kernel makes no namespace.
 */
export async function makeGuestUsers(): Promise<GuestUsers | null> {
  if (!hasIds()) return null;
  const holder = spawn('unshare', ['--user', 'sh', '-c', 'echo; read -r over'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(holder, 'exit');
  const there = await Promise.race([once(holder.stdout, 'data'), ended.then(() => null)]);
  if (there === null) return null;
  const folder = `/proc/${holder.pid}`;
  const map = `0 ${FIRST_ID} ${IDS}`;
  for (const file of ['uid_map', 'gid_map']) writeFileSync(`${folder}/${file}`, map);
  const namespace = openSync(`${folder}/ns/user`, 'r');
  holder.stdin.end();
  await ended;
  return {
    root: FIRST_ID,
    namespace,
    become: ['nsenter', `--user=/proc/${process.pid}/fd/${namespace}`, '--setuid=0', '--setgid=0', '--'],
  };
}

/** Whether the user namespace of this process has the ids (user_namespaces(7)): the machine's own has all. */
function hasIds(): boolean {
  const ranges = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  return ranges.some((range) => {
    const [first = 0, , count = 0] = range.trim().split(/\s+/).map(Number);
    return first <= FIRST_ID && FIRST_ID + IDS <= first + count;
  });
}
