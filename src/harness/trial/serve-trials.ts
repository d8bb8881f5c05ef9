/**
 * How a process that runs trials speaks to the harness, whatever is done with its trials: told each task over the channel
 * between them (protocol.ts), it answers with stages and one sealed record. It ends when the harness does.
 */
import process from 'node:process';
import type * as z from 'zod';
import { messageOf } from '../../contracts/errors.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { NO_MORE, type WorkerMessage } from './protocol.ts';

/** The results folder is full, over its quota, or cannot be written any more. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];

/** The end of a trial; `again`: the process is as it was before and takes another one. */
export interface Ended {
  readonly record: TrialRecord;
  readonly again: boolean;
}

/** Takes tasks that parse with `schema`, and runs each to its end with `run`. What `run` throws ends the process. */
export function serveTrials<Task>(
  schema: z.ZodType<Task>,
  run: (task: Task, onStage: (stage: string) => void) => Promise<Ended>,
): void {
  const trial = async (message: unknown): Promise<void> => {
    const ended = await run(schema.parse(message), (stage) => void tell({ type: 'stage', stage }));
    await tell({ type: 'record', ...ended });
    if (!ended.again) process.exit(0);
  };
  process.once('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    if (message === NO_MORE) process.exit(0);
    trial(message).catch(async (error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (NO_ROOM.includes(code)) await tell({ type: 'no-room', reason: messageOf(error) });
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    });
  });
}

function tell(message: WorkerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}
