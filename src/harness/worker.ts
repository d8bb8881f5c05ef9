/**
 * The process of one trial: first of its own PID namespace (see labs/netns.ts), or, with the images of a lab in
 * containers as its argument, an ordinary one. Told its trial over the channel from the harness, it answers with stages
 * and one sealed record. It ends when the harness does.
 */
import process from 'node:process';
import { Clock } from './clock.ts';
import type { Lab } from './contracts.ts';
import { messageOf } from './errors.ts';
import { openNetnsLab } from './labs/netns.ts';
import { trialSpecSchema } from './plan.ts';
import { runTrial } from './trial.ts';
import type { WorkerMessage } from './trial-process.ts';

/** The results folder is full, over its quota, or cannot be written any more. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];

function tell(message: WorkerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}

/** Loaded when needed: the container engine's client takes longer to load than all else of a trial together. */
async function openInContainers(clock: Clock, options: string, guarded: boolean): Promise<Lab> {
  const { dockerLabSchema, openDockerLab } = await import('./labs/docker.ts');
  return openDockerLab(clock, dockerLabSchema.parse(JSON.parse(options)), guarded);
}

process.once('disconnect', () => process.exit(1));
process.once('message', (message) => {
  void (async () => {
    const spec = trialSpecSchema.parse(message);
    const [, , inContainers] = process.argv;
    const clock = new Clock();
    const record = await runTrial(spec, {
      openLab: () =>
        inContainers === undefined
          ? openNetnsLab(clock)
          : openInContainers(clock, inContainers, spec.cell.killSwitch !== 'none'),
      clock,
      onStage: (stage) => void tell({ type: 'stage', stage }),
      signal: new AbortController().signal,
    });
    await tell({ type: 'record', record });
    process.exit(0);
  })().catch(async (error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (NO_ROOM.includes(code)) await tell({ type: 'no-room', reason: messageOf(error) });
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
});
