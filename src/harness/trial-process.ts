/**
 * One trial's process as the harness sees it: started in namespaces of its own, told its trial, heard until it has
 * sealed a record or died. It is a session of its own, so that a Ctrl-C meant for the harness reaches nothing in the
 * lab; and it dies with the harness (see labs/netns.ts).
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { blankRecord } from './blank-record.ts';
import type { Argv } from './contracts.ts';
import { describeExit, messageOf } from './errors.ts';
import type { DockerLabOptions } from './labs/docker.ts';
import { enterNamespaces } from './labs/netns.ts';
import { longestSeconds, type TrialSpec } from './plan.ts';
import { trialRecordSchema, type TrialRecord } from './records.ts';

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));
/** Last bytes kept of what a trial's process printed, for the record of one that died. */
const STDERR_KEPT = 4000;
const NS_PER_MS = 1_000_000n;

/** What a trial's process tells while it runs. */
export const workerMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stage'), stage: z.string() }),
  z.object({ type: z.literal('record'), record: trialRecordSchema }),
  /** The results folder takes no more: nothing is wrong with the trial, and it is to be run anew. */
  z.object({ type: z.literal('no-room'), reason: z.string() }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

/** The results folder cannot take more (full disk, quota). */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

/** How a trial's process is started: in namespaces of its own, or beside the containers of its lab. */
export function workerArgv(containers: DockerLabOptions | null): Argv {
  const worker: Argv = [process.execPath, WORKER];
  return containers === null ? enterNamespaces(worker) : [...worker, JSON.stringify(containers)];
}

/**
 * Runs the trial to its record. A process that dies without one, or has none after `limitSeconds` and is killed, gives the
 * record of a failed trial. Null when `signal` stopped it. Throws `NoRoom` when the folder cannot take what the trial found.
 */
export async function runInProcess(
  [program, ...args]: Argv,
  spec: TrialSpec,
  onStage: (stage: string) => void,
  signal: AbortSignal,
  limitSeconds = longestSeconds(spec),
): Promise<TrialRecord | null> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...process.env, KSL_ROOTLESS: process.getuid?.() === 0 ? '0' : '1' },
    detached: true,
  });
  const sealed: TrialRecord[] = [];
  const noRoom: string[] = [];
  let complaint = '';
  let stage = 'process';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-STDERR_KEPT);
  });
  child.on('message', (message) => {
    const parsed = workerMessageSchema.safeParse(message);
    if (!parsed.success) complaint += `\nmalformed message: ${parsed.error.message}`;
    else if (parsed.data.type === 'stage') onStage((stage = parsed.data.stage));
    else if (parsed.data.type === 'record') sealed.push(parsed.data.record);
    else noRoom.push(parsed.data.reason);
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  const limit = AbortSignal.timeout(limitSeconds * 1000);
  limit.addEventListener('abort', kill, { once: true });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${messageOf(error)}`));
    child.once('close', (code, by) => resolve(`ended with ${describeExit({ code, signal: by })}`));
  });
  // A process that died at once cannot be told; that it died is told by `ended`.
  child.send(spec, () => undefined);
  if (signal.aborted) kill();
  const how = await ended;
  limit.removeEventListener('abort', kill);
  signal.removeEventListener('abort', kill);
  const [record] = sealed;
  if (record !== undefined) return record;
  if (signal.aborted) return null;
  if (noRoom[0] !== undefined) throw new NoRoom(noRoom[0]);
  if (limit.aborted) return failedRecord(spec, stage, `the trial had not ended after ${limitSeconds} s and was killed`);
  return failedRecord(spec, 'process', `the trial's process ${how}: ${complaint.trim() || '(no message)'}`);
}

/** The record of a trial whose process ended before it could seal one. */
function failedRecord(spec: TrialSpec, stage: string, reason: string): TrialRecord {
  return {
    ...blankRecord(spec, BigInt(Date.now()) * NS_PER_MS),
    outcome: { status: 'failed', stage, reason },
  };
}
