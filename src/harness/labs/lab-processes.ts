/** The processes of a lab's PID namespace: its first one, whose they all are, and their end. */
import { readFile, readdir, readlink } from 'node:fs/promises';
import type { Argv } from '../../contracts/host.ts';
import { until } from '../../contracts/until.ts';

/** First process of the PID namespace: waits for those whose parents have ended, and ends with the one it was started for. */
export const INIT: Argv = ['sh', '-c', '"$@" <&0 & wait $!', 'killswitch-lab'];

export const INIT_PID = 1;

/** The child of an init of ours, with its PID namespace's own /proc: the machine's processes are never ours to end. */
export async function assertOwnNamespaces(): Promise<void> {
  const init = (await readFile(`/proc/${INIT_PID}/cmdline`, 'utf8')).split('\0');
  const ours = INIT.every((word, index) => init[index] === word);
  if (ours && process.ppid === INIT_PID && (await readlink('/proc/self')) === String(process.pid)) return;
  throw new Error('A lab is opened only in namespaces of its own: start the process through enterNamespaces().');
}

/** Longest that the kernel may take to end a process which was killed. */
const END_MS = 10_000;
/** Taking away a tunnel's device takes the kernel some 50 ms, and all processes have to be looked at each time. */
const LOOK_MS = 5;

/** Ends every other process of the PID namespace, also those that are started meanwhile. Throws when one does not end. */
export async function endAllBut(kept: readonly number[]): Promise<void> {
  await endAll('the processes of a closed lab', async () => (await processIds()).filter((pid) => !kept.includes(pid)));
}

/**
 * Ends every process with the real user id, as this process sees it, also those that are started meanwhile. Seen from a host
 * with users of its own, whoever is none of them looks like the last of them (user_namespaces(7), overflow ids). Throws when
 * one does not end.
 */
export async function endUserHere(uid: number): Promise<void> {
  await endAll(`the processes of the user ${uid}`, () => processesOf(uid));
}

/** Kills what `look` finds until it finds nothing. */
async function endAll(what: string, look: () => Promise<readonly number[]>): Promise<void> {
  let left: readonly number[] = [];
  // The kernel tells nobody of the end of a process that is not its child.
  await until(
    async () => {
      left = await look();
      left.forEach(kill);
      return left.length === 0;
    },
    {
      what: `${what} to end`,
      everyMs: LOOK_MS,
      patienceMs: END_MS,
      detail: () => `left are ${left.join(', ')}`,
    },
  );
}

/** Ids of the processes with the real user id, without the zombies (proc_pid_status(5)). */
async function processesOf(uid: number): Promise<readonly number[]> {
  const found = await Promise.all(
    (await processIds()).map(async (pid) => {
      // One that ends while it is looked at is none of those that are left.
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const real = /^Uid:\s+(\d+)/m.exec(status)?.[1];
      return Number(real) === uid && !/^State:\s+Z/m.test(status) ? [pid] : [];
    }),
  );
  return found.flat();
}

async function processIds(): Promise<number[]> {
  return (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process ended by itself in the meantime, which is what was wanted.
  }
}

/** Ids of wireguard-go processes that serve a device: those in the network of the process `neighbour` that are not zombies. */
export async function daemonPids(device: string, neighbour: number): Promise<number[]> {
  const home = await readlink(`/proc/${neighbour}/ns/net`);
  const found = await Promise.all(
    (await processIds()).map(async (pid) => {
      try {
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
        if (!stat.includes('(wireguard-go)') || stat.includes(' Z ')) return [];
        const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
        return argv.includes(device) && (await readlink(`/proc/${pid}/ns/net`)) === home ? [pid] : [];
      } catch {
        return []; // ended while it was being looked at
      }
    }),
  );
  return found.flat();
}
