/**
 * The process that runs trials, one after the other: in namespaces of its own (see labs/netns.ts) or, for labs in
 * containers, an ordinary one. It takes another trial only when nothing of the last one is left in it.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { Clock } from '../../contracts/clock.ts';
import type { Lab } from '../../contracts/lab.ts';
import { openNetnsLab, openResidents } from '../labs/netns.ts';
import { runTrial } from './trial.ts';
import { trialTaskSchema } from './protocol.ts';
import { serveTrials } from './serve-trials.ts';

/**
 * Bytes of memory above which a process is not worth keeping: a new one takes half of it, and a lab is to stay below
 * 400 MiB.
 */
const MOST_BYTES = 250 * 2 ** 20;

const residents = openResidents();
/** Sockets, pipes and files of a lab that this process was born with. */
const born = openStreams().size;

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

serveTrials(trialTaskSchema, async ({ spec, containers }, onStage) => {
  const clock = new Clock();
  const record = await runTrial(spec, {
    openLab: () =>
      containers === null
        ? openNetnsLab(clock, residents)
        : openInContainers(clock, containers, spec.cell.killSwitch !== 'none'),
    clock,
    onStage,
    signal: new AbortController().signal,
  });
  return { record, again: record.outcome.status !== 'failed' && isAsBefore() };
});
