/**
 * The end of everything that one user runs in a lab's PID namespace. A client's main process is not all of it: what it has
 * put into the background, into a session or a namespace of its own still runs as its user, which it cannot change.
 */
import type { Host } from '../../contracts/host.ts';

/** Longest that the kernel may take to end processes which were killed, in milliseconds. */
const END_MS = 10_000;

/** Kills every process of the user, also those that are started meanwhile. Throws when one does not end. */
export async function endUser(host: Pick<Host, 'name' | 'run'>, uid: number): Promise<void> {
  const deadline = performance.now() + END_MS;
  for (;;) {
    const left = await processesOf(host, uid);
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`processes ${left.join(', ')} of the user ${uid} on ${host.name} do not end, though killed`);
    }
    await host.run(['pkill', '-KILL', '-U', String(uid)], { anyStatus: true });
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
