/**
 * `npm run sweep`: removes what a killed run left behind.
 *
 * A lab has nothing to remove by design: its namespaces, links, mounts and processes belong to the PID namespace of the
 * trial's process, and the kernel ends that process when the harness dies. What is looked for here is the exception:
 * a trial's process whose harness is gone and which is still there; containers, which the engine keeps; and control
 * groups, which have no owner.
 */
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { compiled } from '../contracts/places.ts';
import { CONTROL_GROUPS } from '../killswitches/systemd-restrict.ts';
import { EXIT } from '../contracts/errors.ts';
import { sweepContainers } from '../harness/labs/docker/sweep-containers.ts';

const WORKER = compiled('harness/trial/worker');

/** Ends orphaned trials, removes containers whose owner is gone and groups without a process, and says how many. */
export async function sweepCommand(): Promise<number> {
  const orphans = await orphanedTrials();
  for (const pid of orphans) process.kill(pid, 'SIGKILL');
  const containers = await sweepContainers();
  const groups = await sweepControlGroups();
  console.log(
    orphans.length + containers + groups === 0
      ? 'Nothing was left behind.'
      : `Ended ${orphans.length} abandoned trials; removed ${containers} containers and folders, ${groups} control groups.`,
  );
  return EXIT.done;
}

/** Program for sh(1), in a mount namespace of its own: nothing is mounted on the machine. */
const AMONG_GROUPS = 'mount -t cgroup2 none "$0" || exit 0; exec "$@"';

/** Removes control groups that a trial has left (it takes root), and says how many. */
async function sweepControlGroups(): Promise<number> {
  if (process.getuid?.() !== 0) return 0;
  const { mount, removal } = CONTROL_GROUPS;
  const script = ['sh', '-c', AMONG_GROUPS, mount, ...removal];
  const { stdout } = await promisify(execFile)('unshare', ['--mount', '--propagation=private', ...script]);
  return stdout.split('\n').filter((line) => line !== '').length;
}

/** Process ids of `unshare` parents and trial processes that init has inherited. */
export async function orphanedTrials(): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
        const parent = /^PPid:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
        return argv.includes(WORKER) && parent === '1' ? [Number(pid)] : [];
      } catch {
        return []; // ended while it was being looked at
      }
    }),
  );
  return found.flat();
}
