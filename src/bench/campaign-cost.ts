/**
 * Benchmark of a campaign: trials an hour with many labs side by side, what the harness itself costs beside the subjects
 * and the tunnel (its daemons, and what brings both of its ends up), and what a lab takes of memory. The cell is
 * Transmission without a kill switch, its link going down, in short windows.
 */
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { median } from 'simple-statistics';
import * as z from 'zod';
import { compiled } from '../contracts/places.ts';
import { NOBODY_UID } from '../contracts/unprivileged.ts';
import { FIRST_ID } from '../harness/labs/guest-users.ts';
import { enterNamespaces } from '../harness/labs/netns.ts';
import { restrict } from '../harness/campaign/plan.ts';
import { type Scenario, loadScenario } from '../harness/campaign/scenario.ts';
import { MOST_TRIALS } from '../harness/campaign/trial-process.ts';
import { ControlGroup } from './control-group.ts';
import type { Bench } from './bench.ts';
import { benchRow, type BenchRow } from './row.ts';
import { runTrials, trialNeeds } from './trials.ts';
import { NS_PER_SECOND, US_PER_SECOND } from '../records/units.ts';

const TUNNEL_PROGRAM = compiled('bench/tunnel-program');
/** Times that a tunnel's set-up is measured, in labs of its own while the campaign runs: there it costs more than on a quiet machine. */
const TUNNEL_RUNS = 20;
const TUNNEL_EVERY_MS = 15_000;
const JOBS_PER_CORE = 10;
/**
 * Trials that each lab's processes run one after the other: half of what they may, so that starting them weighs as it does
 * in the middle of a campaign of thousands, and not as in its first minutes.
 */
const ROUNDS = MOST_TRIALS / 2;
const WINDOWS = { outage: 3, recovery: 1 };
const LIMIT = { secondsPerTrial: 3600 / 2000, harnessCpuSeconds: 0.5, labMiB: 400 };
/** Looking at every process of every lab is work that the labs lack. */
const SAMPLE_MS = 500;
/** Torrent clients run as Debian's nobody, and nothing else of a lab does: as the machine has it, and a lab's own users. */
const SUBJECT_USERS = [NOBODY_UID, FIRST_ID + NOBODY_UID];
const DAEMON = 'wireguard-go';

export const campaignBench: Bench = { needs: async () => trialNeeds(await scenario()), measure };

const labsAtOnce = (): number => os.availableParallelism() * JOBS_PER_CORE;

async function scenario(): Promise<Scenario> {
  const narrowed = restrict(await loadScenario('quickstart'), {
    clients: ['transmission'],
    killSwitches: ['none'],
    trials: labsAtOnce() * ROUNDS,
  });
  return { ...narrowed, placebo: false, observe: { ...narrowed.observe, ...WINDOWS } };
}

async function measure(): Promise<readonly BenchRow[]> {
  const jobs = labsAtOnce();
  const measured = await scenario();
  using group = ControlGroup.enter();
  using subjects = group.beside('subjects');
  using sampler = new LabSampler(group, subjects);
  const before = group.cpuSeconds;
  const began = performance.now();
  const [{ records, seconds }, tunnels] = await Promise.all([
    runTrials(measured, jobs).then((all) => ({
      records: all,
      seconds: (performance.now() - began) / 1000,
    })),
    tunnelCpuSeconds(group),
  ]);
  const total = group.cpuSeconds - before - sampler.ownCpuSeconds - sampler.takenCpuSeconds;
  const judged = records.filter(({ measures }) => measures !== null && measures.verdict !== 'inconclusive').length;
  const harness = total / records.length - median(tunnels);
  const limit = (value: number): { name: string; value: number } => ({ name: 'limit', value });
  return [
    benchRow(`campaign: wall time a judged trial, ${jobs} labs`, 's', [seconds / judged], limit(LIMIT.secondsPerTrial)),
    benchRow('campaign: CPU of the harness a trial', 's', [harness], limit(LIMIT.harnessCpuSeconds)),
    benchRow('campaign: CPU of a tunnel’s set-up a trial', 's', tunnels, { name: 'harness', value: harness }),
    benchRow('campaign: memory of a lab at its most', 'MiB', sampler.labMiB(), limit(LIMIT.labMiB)),
  ];
}

/** What bringing both ends of a tunnel up takes, in some labs beside the campaign's: one trial does it once. */
async function tunnelCpuSeconds(group: ControlGroup): Promise<number[]> {
  const [program, ...args] = enterNamespaces([process.execPath, TUNNEL_PROGRAM]);
  const runs: number[] = [];
  for (let run = 0; run < TUNNEL_RUNS; run++) {
    await pause(TUNNEL_EVERY_MS);
    const measuring = promisify(execFile)(program, args);
    group.letGo(z.number().parse(measuring.child.pid));
    const { stdout } = await measuring;
    runs.push(z.coerce.number().positive().parse(stdout.trim()));
  }
  return runs;
}

/**
 * Looks at the processes of all labs now and then: gives those of subjects and tunnels to a group of their own as it meets
 * them, and adds up memory. It looks without a pause, so that what it takes itself can be told from the campaign's work in
 * this process.
 */
class LabSampler implements Disposable {
  /** Processor time, in seconds, that looking cost this process itself. */
  ownCpuSeconds = 0;
  readonly #group: ControlGroup;
  readonly #subjects: ControlGroup;
  readonly #own = readlinkSync('/proc/self/ns/pid');
  readonly #mostKiB = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #takenNs = 0;
  #samples = 0;

  constructor(group: ControlGroup, subjects: ControlGroup) {
    this.#group = group;
    this.#subjects = subjects;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** What subjects and tunnels had done when they were met: it is counted where they were then. */
  get takenCpuSeconds(): number {
    return this.#takenNs / NS_PER_SECOND;
  }

  labMiB(): number[] {
    return [...this.#mostKiB.values()].map((kib) => kib / 1024);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const began = process.cpuUsage();
    this.#group.pids.forEach((pid) => ifThere(() => this.#takeSubject(pid)));
    // Adding up shared pages is work for the kernel: memory is looked at every eighth time.
    if (this.#samples++ % 8 === 0) this.#addUp([...this.#group.pids, ...this.#subjects.pids]);
    const { user, system } = process.cpuUsage(began);
    this.ownCpuSeconds += (user + system) / US_PER_SECOND;
  }

  #takeSubject(pid: number): void {
    if (readlinkSync(`/proc/${pid}/ns/pid`) === this.#own) return;
    if (!SUBJECT_USERS.includes(statSync(`/proc/${pid}`).uid) && read(`/proc/${pid}/comm`).trim() !== DAEMON) return;
    this.#subjects.take(pid);
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      // proc(5): the first number of schedstat is the time it has run, to the nanosecond, where stat counts ticks.
      this.#takenNs += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]);
    }
  }

  #addUp(pids: readonly number[]): void {
    const labs = new Map<string, number>();
    const add = (pid: number): void => {
      const lab = readlinkSync(`/proc/${pid}/ns/pid`);
      if (lab === this.#own) return;
      const kib = Number(/^Pss:\s*(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
      labs.set(lab, (labs.get(lab) ?? 0) + kib);
    };
    for (const pid of pids) ifThere(() => add(pid));
    for (const [lab, kib] of labs) this.#mostKiB.set(lab, Math.max(kib, this.#mostKiB.get(lab) ?? 0));
  }
}

/** Processes end while they are being looked at. */
function ifThere(look: () => void): void {
  try {
    look();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error;
  }
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}
