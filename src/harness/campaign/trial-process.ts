/**
 * A process that runs trials, as the harness sees it: started in namespaces of its own, told a trial, heard until it has
 * sealed a record or died, and told another. It is a session of its own, so that a Ctrl-C meant for the harness reaches
 * nothing in the lab; and it dies with the harness (see labs/netns.ts).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { blankRecord } from '../trial/blank-record.ts';
import type { Argv } from '../../contracts/host.ts';
import { describeExit, messageOf } from '../../contracts/errors.ts';
import { enterNamespaces } from '../labs/netns.ts';
import { OWNER_VARIABLE, ownerName } from '../../contracts/owner.ts';
import { NO_MORE, workerMessageSchema, type TrialTask, type WorkerMessage } from '../trial/protocol.ts';
import { longestSeconds, type TrialSpec } from '../trial/spec.ts';
import { lasting, programArgv } from '../../programs/program.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { NS_PER_MS_BIG } from '../../records/units.ts';

/** Last bytes kept of what a trial's process printed, for the record of one that died. */
const STDERR_KEPT = 4000;
/**
 * Number of trials after which a process is replaced, whatever it says of itself: what could build up unseen stays
 * small.
 */
export const MOST_TRIALS = 50;

/** The results folder cannot take more (full disk, quota). */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

/** How a process that runs trials is started: in namespaces of its own, or beside the containers of its labs. */
export function workerArgv(backend: 'netns' | 'docker'): Argv {
  const worker = lasting(programArgv('harness/trial/worker'));
  return backend === 'netns' ? enterNamespaces(worker) : worker;
}

export class TrialProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #alive = true;
  #trials = 0;
  #again = true;
  #complaint = '';
  #onMessage: (message: WorkerMessage) => void = () => undefined;

  constructor([program, ...args]: Argv) {
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env: {
        ...process.env,
        KSL_ROOTLESS: process.getuid?.() === 0 ? '0' : '1',
        [OWNER_VARIABLE]: ownerName(process.pid) ?? '',
      },
      detached: true,
    });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-STDERR_KEPT);
    });
    child.on('message', (message) => {
      const parsed = workerMessageSchema.safeParse(message);
      if (parsed.success) this.#onMessage(parsed.data);
      else this.#complaint += `\nmalformed message: ${parsed.error.message}`;
    });
    this.#ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${messageOf(error)}`));
      child.once('close', (code, by) => resolve(`ended with ${describeExit({ code, signal: by })}`));
    });
    void this.#ended.then(() => (this.#alive = false));
  }

  /** Whether the process takes another trial. */
  get waits(): boolean {
    return this.#alive && this.#again && this.#trials < MOST_TRIALS;
  }

  /**
   * Runs the trial to its record. A process that dies without one, or has none after `limitSeconds` and is killed, gives the
   * record of a failed trial. Null when `signal` stopped it, and the process. Throws `NoRoom` when the folder cannot take
   * what the trial found.
   */
  async run(
    task: TrialTask,
    onStage: (stage: string) => void,
    signal: AbortSignal,
    limitSeconds = longestSeconds(task.spec),
  ): Promise<TrialRecord | null> {
    const { spec } = task;
    const noRoom: string[] = [];
    let stage = 'process';
    this.#complaint = '';
    this.#trials += 1;
    this.#again = false;
    const kill = (): void => this.kill();
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    const limit = AbortSignal.timeout(limitSeconds * 1000);
    limit.addEventListener('abort', kill, { once: true });
    const told = new Promise<Extract<WorkerMessage, { type: 'record' }>>((resolve) => {
      this.#onMessage = (message) => {
        if (message.type === 'stage') onStage((stage = message.stage));
        else if (message.type === 'no-room') noRoom.push(message.reason);
        else resolve(message);
      };
    });
    // A process that died at once cannot be told; that it died is told by `ended`.
    this.#child.send(task, () => undefined);
    const end = await Promise.race([told, this.#ended]);
    this.#again = typeof end !== 'string' && end.again;
    // One that will not take another is gone, and its lab with it, before its record counts.
    if (!this.#again) await this.#ended;
    limit.removeEventListener('abort', kill);
    signal.removeEventListener('abort', kill);
    this.#onMessage = () => undefined;
    if (typeof end !== 'string') return end.record;
    if (signal.aborted) return null;
    if (noRoom[0] !== undefined) throw new NoRoom(noRoom[0]);
    if (limit.aborted)
      return failedRecord(spec, stage, `the trial had not ended after ${limitSeconds} s and was killed`);
    return failedRecord(spec, 'process', `the trial's process ${end}: ${this.#complaint.trim() || '(no message)'}`);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends it between two trials; resolves when it is gone. */
  async end(): Promise<void> {
    this.#child.send(NO_MORE, () => undefined);
    await this.#ended;
  }
}

/** The record of a trial whose process ended before it could seal one. */
function failedRecord(spec: TrialSpec, stage: string, reason: string): TrialRecord {
  return {
    ...blankRecord(spec, BigInt(Date.now()) * NS_PER_MS_BIG),
    outcome: { status: 'failed', stage, reason },
  };
}
