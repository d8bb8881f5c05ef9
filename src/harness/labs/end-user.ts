/**
 * The end of everything that one user runs in a lab's PID namespace. A client's main process is not all of it: what it has
 * put into the background, into a session or a namespace of its own still runs as its user, which it cannot change.
 */
import { readFile, readdir } from 'node:fs/promises';
import type { Host } from '../../contracts/host.ts';

/** Longest that the kernel may take to end processes which were killed, in milliseconds. */
const END_MS = 10_000;

/** Kills every process of the user on a host, also those that are started meanwhile. Throws when one does not end. */
export async function endUser(host: Pick<Host, 'name' | 'run'>, uid: number): Promise<void> {
  await endAll(`of the user ${uid} on ${host.name}`, {
    left: () => processesOf(host, uid),
    kill: async () => {
      await host.run(['pkill', '-KILL', '-U', String(uid)], { anyStatus: true });
    },
  });
}

/**
 * Kills every process that this process sees and that has the real user id here, as `endUser` does. For hosts with users of
 * their own: seen from in there, whoever is none of them looks like the last of them (user_namespaces(7), overflow ids).
 */
export async function endUserHere(uid: number): Promise<void> {
  await endAll(`of the user ${uid}`, {
    left: async () => (await processesHere(uid)).map(String),
    kill: async () => {
      for (const pid of await processesHere(uid)) killNow(pid);
    },
  });
}

interface Processes {
  readonly left: () => Promise<readonly string[]>;
  readonly kill: () => Promise<void>;
}

async function endAll(whose: string, { left, kill }: Processes): Promise<void> {
  const deadline = performance.now() + END_MS;
  for (;;) {
    const pids = await left();
    if (pids.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`processes ${pids.join(', ')} ${whose} do not end, though killed`);
    await kill();
  }
}

/** Ids of the processes with the real user id, without the zombies (proc_pid_status(5)). */
async function processesHere(uid: number): Promise<readonly number[]> {
  const entries = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    entries.map(async (entry) => {
      // One that ends while it is looked at is none of those that are left.
      const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
      const real = /^Uid:\s+(\d+)/m.exec(status)?.[1];
      return Number(real) === uid && !/^State:\s+Z/m.test(status) ? [Number(entry)] : [];
    }),
  );
  return found.flat();
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile, which is what was wanted.
  }
}

/** Ids of the user's processes, by their real user id; without the zombies, which have ended. */
async function processesOf(host: Pick<Host, 'name' | 'run'>, uid: number): Promise<readonly string[]> {
  const { status, stdout, stderr } = await host.run(['ps', '-o', 'stat=,pid=', '-U', String(uid)], { anyStatus: true });
  // ps(1) ends with 1 where there is none; what else it may end with is its own failure.
  if (status.code !== 0 && stderr !== '') throw new Error(`ps on ${host.name} failed: ${stderr.trim()}`);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([stat = '', pid]) => (pid === undefined || stat.startsWith('Z') ? [] : [pid]));
}
