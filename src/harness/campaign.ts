/**
 * A campaign: runs the planned trials side by side, each in a process and namespaces of its own, and seals their records
 * one by one into the results folder. A record, once sealed, is never rewritten.
 */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Argv } from './contracts.ts';
import { describeExit, messageOf } from './errors.ts';
import type { DockerLabOptions } from './labs/docker.ts';
import { enterNamespaces } from './labs/netns.ts';
import type { TrialSpec } from './plan.ts';
import { RECORDS_VERSION, trialRecordSchema, type Manifest, type TrialRecord } from './records.ts';

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));
/** Last bytes kept of what a trial's process printed, for the record of one that died. */
const STDERR_KEPT = 4000;

/** What a trial's process tells while it runs. */
export const workerMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stage'), stage: z.string() }),
  z.object({ type: z.literal('record'), record: trialRecordSchema }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

export interface CampaignEvents {
  trialStarted(trial: string): void;
  trialStage(trial: string, stage: string): void;
  trialSealed(record: TrialRecord): void;
}

export interface CampaignOptions {
  /** The results folder; made when missing. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly trials: readonly Omit<TrialSpec, 'folder'>[];
  readonly jobs: number;
  /** The images of the labs' containers; null for labs in namespaces. */
  readonly containers: Pick<DockerLabOptions, 'labImage' | 'clientImage'> | null;
  readonly events: CampaignEvents;
  readonly signal: AbortSignal;
}

/**
 * Runs what is not yet sealed in the folder, in the planned order, `jobs` at a time. Resolves when all are sealed, or
 * after an abort, when every trial's process is gone; trials that were under way leave nothing behind.
 */
export async function runCampaign(options: CampaignOptions): Promise<void> {
  await mkdir(path.join(options.folder, 'trials'), { recursive: true });
  await writeFile(path.join(options.folder, 'manifest.json'), JSON.stringify(options.manifest, null, 2) + '\n');
  const done = await sealedTrials(options.folder);
  const waiting = options.trials.filter((trial) => !done.has(trial.trial));
  await using log = await openLog(path.join(options.folder, 'trials.jsonl'));
  const next = async (): Promise<void> => {
    for (;;) {
      const trial = options.signal.aborted ? undefined : waiting.shift();
      if (trial === undefined) return;
      const spec: TrialSpec = { ...trial, folder: path.join(options.folder, 'trials', trial.trial) };
      options.events.trialStarted(trial.trial);
      const record = await runInProcess(spec, options);
      if (record === null) await rm(spec.folder, { recursive: true, force: true });
      else {
        await log.append(record);
        options.events.trialSealed(record);
      }
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, next));
}

/** Runs one trial in its own process; null when the campaign was stopped meanwhile. */
async function runInProcess(spec: TrialSpec, options: CampaignOptions): Promise<TrialRecord | null> {
  // A folder without a record is what a killed run left: the trial is run anew.
  await rm(spec.folder, { recursive: true, force: true });
  await mkdir(spec.folder, { recursive: true });
  const argv = workerArgv(spec, options);
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...process.env, KSL_ROOTLESS: process.getuid?.() === 0 ? '0' : '1' },
  });
  const sealed: TrialRecord[] = [];
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-STDERR_KEPT);
  });
  child.on('message', (message) => {
    const parsed = workerMessageSchema.safeParse(message);
    if (!parsed.success) complaint += `\nmalformed message: ${parsed.error.message}`;
    else if (parsed.data.type === 'stage') options.events.trialStage(spec.trial, parsed.data.stage);
    else sealed.push(parsed.data.record);
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  options.signal.addEventListener('abort', kill, { once: true });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${messageOf(error)}`));
    child.once('close', (code, signal) => resolve(`ended with ${describeExit({ code, signal })}`));
  });
  child.send(spec);
  const how = await ended;
  options.signal.removeEventListener('abort', kill);
  const [record] = sealed;
  if (record !== undefined) return record;
  if (options.signal.aborted) return null;
  return failedRecord(spec, `the trial's process ${how}: ${complaint.trim() || '(no message)'}`);
}

function workerArgv({ trial }: TrialSpec, { containers, manifest: { campaign } }: CampaignOptions): Argv {
  const worker: Argv = [process.execPath, '--enable-source-maps', WORKER];
  if (containers === null) return enterNamespaces(worker);
  const { labImage, clientImage } = containers;
  return [...worker, JSON.stringify({ labImage, clientImage, campaign, trial } satisfies DockerLabOptions)];
}

/** The record of a trial whose process died before it could seal one. Everything it did not say is null. */
function failedRecord(spec: TrialSpec, reason: string): TrialRecord {
  return {
    version: RECORDS_VERSION,
    trial: spec.trial,
    cell: spec.cell,
    repetition: spec.repetition,
    seed: spec.seed,
    originUnixNs: String(BigInt(Date.now()) * 1_000_000n),
    outcome: { status: 'failed', stage: 'process', reason },
    killSwitchFamily: 'none',
    clientVersion: null,
    binding: 'none',
    identity: null,
    swarm: null,
    instants: { armedNs: null, clientStartedNs: null, steadyNs: null, fault: null, restored: null, endNs: null },
    momentAchievedNs: null,
    counters: null,
    captures: [],
    canaries: [],
    heartbeatMaxDelayNs: null,
    clockDriftNs: null,
    clientExit: null,
    clientLogTail: [],
    measures: null,
  };
}

interface SealedLog extends AsyncDisposable {
  append(record: TrialRecord): Promise<void>;
}

/** Appends records, each written in one piece and on the disk before the next is taken. */
async function openLog(file: string): Promise<SealedLog> {
  const handle: FileHandle = await open(file, 'a');
  let last: Promise<void> = Promise.resolve();
  return {
    append(record) {
      last = last.then(async () => {
        await handle.write(JSON.stringify(record) + '\n');
        await handle.datasync();
      });
      return last;
    },
    async [Symbol.asyncDispose]() {
      await handle.close();
    },
  };
}

/** Trials whose records are sealed in the folder. A torn last line, which only a crash leaves, is cut off. */
async function sealedTrials(folder: string): Promise<ReadonlySet<string>> {
  const file = path.join(folder, 'trials.jsonl');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return new Set();
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) await writeFile(file, whole);
  return new Set(
    whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => z.object({ trial: z.string() }).parse(JSON.parse(line)).trial),
  );
}
