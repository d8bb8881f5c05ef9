/**
 * A campaign: runs the planned trials side by side, each in a process of its own with a lab of its own, and seals their
 * records one by one into the results folder. A record, once sealed, is never rewritten.
 */
import { setMaxListeners } from 'node:events';
import { RequestError, messageOf } from '../../contracts/errors.ts';
import type { DockerLabOptions } from '../labs/docker.ts';
import { Ledger, type SealedGlance } from './ledger.ts';
import { Escaped, watchOutside } from './outside.ts';
import type { Pace } from './pace.ts';
import type { PlannedTrial, TrialSpec } from '../trial/spec.ts';
import { TrialQueue, type Attempt } from './queue.ts';
import type { Manifest } from '../../records/manifest.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { NoRoom, TrialProcess, workerArgv } from './trial-process.ts';
import type { TrialTask } from '../trial/protocol.ts';

/** Events for whoever looks on: the terminal, the dashboard. */
export interface CampaignEvents {
  begun(campaign: { readonly earlier: readonly SealedGlance[]; readonly waiting: number }): void;
  trialStarted(trial: string): void;
  trialStage(trial: string, stage: string): void;
  /** `waiting`: attempts still to be made; `jobs`: labs side by side from now on. */
  trialSealed(record: TrialRecord, now: { readonly waiting: number; readonly jobs: number }): void;
}

export interface CampaignOptions {
  /** The results folder; made when missing. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly trials: readonly PlannedTrial[];
  readonly pace: Pace;
  readonly events: CampaignEvents;
  readonly signal: AbortSignal;
  /** The images of the labs' containers; null for labs in namespaces. */
  readonly containers: Pick<DockerLabOptions, 'labImage' | 'clientImage' | 'stack'> | null;
}

/**
 * Runs what is not yet sealed in the folder, in the planned order. Resolves when all are sealed, or after an abort, when
 * every trial's process is gone; trials that were under way leave nothing behind. Throws `Escaped`, or `RequestError`
 * when the folder cannot take more: what is sealed stays, and the campaign can be resumed.
 */
export async function runCampaign(options: CampaignOptions): Promise<void> {
  await using ledger = await Ledger.open(options.folder, options.manifest);
  const queue = new TrialQueue(options.trials, ledger.earlier, options.manifest.scenario.sequential);
  options.events.begun({ earlier: ledger.earlier, waiting: queue.length });
  if (queue.length === 0) return;

  const session = new Session(options, ledger, queue);
  await using watch = await watchOutside((trouble) => session.stop(trouble));
  const at = (): string => new Date().toISOString();
  const { commit } = options.manifest;
  const sealed = ledger.earlier.length;
  await ledger.note({ event: 'started', at: at(), commit, sealed, watch: watch.description });
  const failure = await session.run();
  const escaped = await watch.stop();
  const how =
    failure instanceof Escaped
      ? 'escaped'
      : failure !== null
        ? 'failed'
        : options.signal.aborted
          ? 'interrupted'
          : 'finished';
  // On a full disk the session's own end may not be written either; that it is missing says so.
  await ledger.note({ event: 'ended', at: at(), how, escaped }).catch((error: unknown) => {
    if (failure === null) throw error;
  });
  if (failure instanceof NoRoom) {
    throw new RequestError(
      `${options.folder} takes no more (${failure.message}). Every finished trial is kept; make room, then go on with ` +
        `npm run scenario -- --resume ${options.folder}`,
    );
  }
  if (failure !== null) throw failure;
}

/** The trials of one session: those under way, those being opened, and what ended it before its time. */
class Session {
  readonly #options: CampaignOptions;
  readonly #ledger: Ledger;
  readonly #queue: TrialQueue;
  readonly #running = new Set<Promise<void>>();
  readonly #opening = new Set<string>();
  /** Processes that run trials or wait for their next. */
  readonly #processes = new Set<TrialProcess>();
  readonly #waiting: TrialProcess[] = [];
  readonly #stop = new AbortController();
  #failure: Error | null = null;
  #wake: () => void = () => undefined;

  constructor(options: CampaignOptions, ledger: Ledger, queue: TrialQueue) {
    this.#options = options;
    this.#ledger = ledger;
    this.#queue = queue;
    setMaxListeners(0, this.#stop.signal); // one for each trial under way
  }

  /** Ends every trial under way. With an error when something is wrong with the campaign itself: the first is kept. */
  stop(error: Error | null): void {
    this.#failure ??= error;
    this.#stop.abort();
    this.#wake();
  }

  /** Runs to the end; gives what went wrong with the campaign itself, null for nothing. */
  async run(): Promise<Error | null> {
    const onAbort = (): void => this.stop(null);
    this.#options.signal.addEventListener('abort', onAbort, { once: true });
    if (this.#options.signal.aborted) onAbort();
    for (;;) {
      // Whoever changes something from here on finds this promise.
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      while (this.#room) {
        const attempt = this.#queue.take();
        if (attempt === null) break;
        const trial = this.#run(attempt).catch((error: unknown) => {
          this.stop(error instanceof Error ? error : new Error(messageOf(error)));
        });
        this.#running.add(trial);
        void trial.then(() => {
          this.#running.delete(trial);
          this.#wake();
        });
      }
      if (this.#running.size === 0) break;
      await changed;
    }
    this.#options.signal.removeEventListener('abort', onAbort);
    await Promise.all(this.#waiting.map((each) => each.end()));
    return this.#failure;
  }

  get #room(): boolean {
    const { jobs, opening } = this.#options.pace;
    return !this.#stop.signal.aborted && this.#running.size < jobs && this.#opening.size < opening;
  }

  async #run(attempt: Attempt): Promise<void> {
    const { events, pace, containers, manifest } = this.#options;
    const { trial } = attempt;
    const options = containers && { ...containers, campaign: manifest.campaign, trial };
    this.#opening.add(trial);
    const spec: TrialSpec = { ...attempt, folder: await this.#ledger.makeFolder(trial) };
    events.trialStarted(spec.trial);
    const onStage = (stage: string): void => {
      if (stage === 'waiting for steady state') this.#opened(spec.trial);
      events.trialStage(spec.trial, stage);
    };
    try {
      const record = await this.#inProcess({ spec, containers: options }, onStage);
      if (record === null) {
        await this.#ledger.removeFolder(trial);
        return;
      }
      await this.#ledger.seal(record).catch((error: unknown) => {
        throw new NoRoom(messageOf(error));
      });
      pace.heard(record.heartbeatMaxDelayNs);
      this.#queue.sealed(record);
      events.trialSealed(record, { waiting: this.#queue.length, jobs: pace.jobs });
    } finally {
      this.#opened(spec.trial);
    }
  }

  /** Runs the trial in a process that waits for one, or in a new one. */
  async #inProcess(task: TrialTask, onStage: (stage: string) => void): Promise<TrialRecord | null> {
    const trialProcess =
      this.#waitingProcess() ?? new TrialProcess(workerArgv(task.containers === null ? 'netns' : 'docker'));
    this.#processes.add(trialProcess);
    try {
      return await trialProcess.run(task, onStage, this.#stop.signal);
    } finally {
      if (trialProcess.waits && this.#processes.size <= this.#options.pace.jobs) this.#waiting.push(trialProcess);
      else {
        this.#processes.delete(trialProcess);
        await trialProcess.end();
      }
    }
  }

  /** Takes a waiting process that still lives; null for none. */
  #waitingProcess(): TrialProcess | null {
    for (let each = this.#waiting.pop(); each !== undefined; each = this.#waiting.pop()) {
      if (each.waits) return each;
      this.#processes.delete(each);
    }
    return null;
  }

  #opened(trial: string): void {
    if (this.#opening.delete(trial)) this.#wake();
  }
}
