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
import { Command } from 'commander';
import { CONTROL_GROUPS } from '../killswitches/systemd-restrict.ts';
import { EXIT } from '../contracts/errors.ts';
import { sweepContainers } from '../harness/labs/docker/sweep-containers.ts';
import { OWNER_PATTERN, OWNER_VARIABLE, isGone } from '../contracts/owner.ts';
import { parseArguments } from './arguments.ts';

const OWNED = new RegExp(`(?:^|\\0)${OWNER_VARIABLE}=(${OWNER_PATTERN.source})\\0`);

/** Ends orphaned trials, removes containers whose owner is gone and groups without a process, and says how many. */
export async function sweepCommand(argv: readonly string[]): Promise<number> {
  const command = new Command('npm run sweep').description(
    'ends trials whose harness is gone, and removes the containers, folders and control groups that nobody uses',
  );
  const help = parseArguments(command, argv);
  if (help !== null) return help;
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

/** Process ids of what runs trials, its way into its namespaces included, for a harness that is gone. */
export async function orphanedTrials(): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Somebody else's, or ended while it was being looked at.
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      const owner = OWNED.exec(environment)?.[1];
      return owner !== undefined && isGone(owner) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}
