/**
 * The process that runs trials, one after the other: in namespaces of its own (see labs/netns.ts) or, for labs in
 * containers, an ordinary one. Told each trial over the channel from the harness, it answers with stages and one sealed
 * record. It takes another trial only when nothing of the last one is left in it, and ends when the harness does.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { Clock } from '../../contracts/clock.ts';
import type { Lab } from '../../contracts/lab.ts';
import { messageOf } from '../../contracts/errors.ts';
import { openNetnsLab, openResidents } from '../labs/netns.ts';
import { runTrial } from './trial.ts';
import { NO_MORE, trialTaskSchema, type TrialTask, type WorkerMessage } from './protocol.ts';

/** The results folder is full, over its quota, or cannot be written any more. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];
/**
 * Bytes of memory above which a process is not worth keeping: a new one takes half of it, and a lab is to stay below
 * 400 MiB.
 */
const MOST_BYTES = 250 * 2 ** 20;

const residents = openResidents();
/** Sockets, pipes and files of a lab that this process was born with. */
const born = openStreams().size;

function tell(message: WorkerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}

/**
 * Opens a lab in containers. The code is loaded when needed: the container engine's client takes longer to load than
 * all else of a trial together.
 */
async function openInContainers(clock: Clock, options: unknown, guarded: boolean): Promise<Lab> {
  const { dockerLabSchema, openDockerLab } = await import('../labs/docker.ts');
  return openDockerLab(clock, dockerLabSchema.parse(options), guarded);
}

function openStreams(): Set<string> {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the descriptor of the listing itself
    }
  });
  return new Set(targets.filter((target) => /^(socket:|pipe:|\/run\/)/.test(target)));
}

/** Whether this process is as it was before the trial: no stream is open but its own and those of who waits, three each. */
function isAsBefore(): boolean {
  return openStreams().size === born + 3 * residents.pids.length && process.memoryUsage.rss() < MOST_BYTES;
}

async function run({ spec, containers }: TrialTask): Promise<void> {
  const clock = new Clock();
  const record = await runTrial(spec, {
    openLab: () =>
      containers === null
        ? openNetnsLab(clock, residents)
        : openInContainers(clock, containers, spec.cell.killSwitch !== 'none'),
    clock,
    onStage: (stage) => void tell({ type: 'stage', stage }),
    signal: new AbortController().signal,
  });
  const again = record.outcome.status !== 'failed' && isAsBefore();
  await tell({ type: 'record', record, again });
  if (!again) process.exit(0);
}

process.once('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (message === NO_MORE) process.exit(0);
  run(trialTaskSchema.parse(message)).catch(async (error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (NO_ROOM.includes(code)) await tell({ type: 'no-room', reason: messageOf(error) });
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
});
