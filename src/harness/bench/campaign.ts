/**
 * Benchmark of a campaign: trials an hour with many labs side by side, what the harness itself costs beside the subjects
 * and the tunnel (its daemons, and wg-quick with what it runs), and what a lab takes of memory. The cell is Transmission
 * without a kill switch, its link going down, in short windows.
 */
import { execFile } from 'node:child_process';
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from 'simple-statistics';
import * as z from 'zod';
import { enterNamespaces } from '../labs/netns.ts';
import { restrict } from '../plan.ts';
import { loadScenario } from '../scenario.ts';
import { ControlGroup } from './control-group.ts';
import { benchRow, type BenchRow } from './row.ts';
import { runTrials } from './trials.ts';

const WG_QUICK_PROGRAM = fileURLToPath(new URL('./wg-quick-program.js', import.meta.url));
/** Times that wg-quick is measured: it cannot be watched while it runs in all the labs. */
const WG_QUICK_RUNS = 10;
const JOBS_PER_CORE = 10;
/** Rounds of labs: the first and the last are not full, as they are not in a campaign of thousands either. */
const ROUNDS = 10;
const WINDOWS = { outage: 3, recovery: 1 };
const LIMIT = { secondsPerTrial: 3600 / 2000, harnessCpuSeconds: 0.5, labMiB: 400 };
/** Looking at every process of every lab is work that the labs lack. */
const SAMPLE_MS = 500;
/** Torrent clients run as Debian's nobody, and nothing else of a lab does. */
const SUBJECT_USER = 65_534;

export async function campaignBench(): Promise<readonly BenchRow[]> {
  const jobs = os.availableParallelism() * JOBS_PER_CORE;
  const narrowed = restrict(await loadScenario('quickstart'), {
    clients: ['transmission'],
    killSwitches: ['none'],
    trials: jobs * ROUNDS,
  });
  const wgQuick = await wgQuickCpuSeconds();
  using group = ControlGroup.enter();
  const sampler = new LabSampler();
  const before = group.cpuSeconds;
  const began = performance.now();
  const records = await runTrials({ ...narrowed, observe: { ...narrowed.observe, ...WINDOWS } }, jobs);
  const seconds = (performance.now() - began) / 1000;
  await sampler.stop();
  const total = group.cpuSeconds - before - sampler.ownCpuSeconds;
  const judged = records.filter(({ measures }) => measures !== null && measures.verdict !== 'inconclusive').length;
  const harness = (total - sampler.subjectCpuSeconds) / records.length - median(wgQuick);
  const limit = (value: number): { name: string; value: number } => ({ name: 'limit', value });
  return [
    benchRow(`campaign: wall time a judged trial, ${jobs} labs`, 's', [seconds / judged], limit(LIMIT.secondsPerTrial)),
    benchRow('campaign: CPU of the harness a trial', 's', [harness], limit(LIMIT.harnessCpuSeconds)),
    benchRow('campaign: CPU of wg-quick a trial', 's', wgQuick, { name: 'harness', value: harness }),
    benchRow('campaign: memory of a lab at its most', 'MiB', sampler.labMiB(), limit(LIMIT.labMiB)),
  ];
}

/** What bringing the tunnel up takes, once in each of some labs: one trial does it once. */
async function wgQuickCpuSeconds(): Promise<number[]> {
  const [program, ...args] = enterNamespaces([process.execPath, WG_QUICK_PROGRAM]);
  const runs: number[] = [];
  for (let run = 0; run < WG_QUICK_RUNS; run++) {
    const { stdout } = await promisify(execFile)(program, args);
    runs.push(z.coerce.number().positive().parse(stdout.trim()));
  }
  return runs;
}

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly tunnel: boolean;
}

/** Every process below this one, whatever its namespace. */
async function descendants(): Promise<Seen[]> {
  const all = new Map<number, Seen>();
  for (const pid of await numbersIn('/proc')) {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
    if (line === null) continue; // ended while the others were being looked at
    const parent = Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1]);
    all.set(pid, { pid, parent, tunnel: line.includes('(wireguard-go)') });
  }
  const isBelow = (seen: Seen | undefined): boolean =>
    seen !== undefined && (seen.parent === process.pid || isBelow(all.get(seen.parent)));
  return [...all.values()].filter(isBelow);
}

async function numbersIn(folder: string): Promise<number[]> {
  return (await readdir(folder)).filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** Looks at the processes of all labs now and then: CPU of subjects and tunnels at their last sight, memory at its most. */
class LabSampler {
  /** What looking cost this process itself. */
  ownCpuSeconds = 0;
  readonly #own = readlink('/proc/self/ns/pid');
  /** Nanoseconds of each thread. */
  readonly #subjects = new Map<string, number>();
  readonly #mostKiB = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #last: Promise<void> = Promise.resolve();
  #samples = 0;

  constructor() {
    const next = (): void => {
      this.#timer = setTimeout(() => {
        this.#last = this.#sample().then(next);
      }, SAMPLE_MS);
    };
    next();
  }

  get subjectCpuSeconds(): number {
    return [...this.#subjects.values()].reduce((sum, each) => sum + each, 0) / 1e9;
  }

  labMiB(): number[] {
    return [...this.#mostKiB.values()].map((kib) => kib / 1024);
  }

  async stop(): Promise<void> {
    await this.#last;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #sample(): Promise<void> {
    const began = process.cpuUsage();
    const own = await this.#own;
    // Adding up shared pages is work for the kernel: memory is looked at every eighth time.
    const withMemory = this.#samples++ % 8 === 0;
    const labs = new Map<string, number>();
    for (const { pid, tunnel } of await descendants()) {
      try {
        const lab = await readlink(`/proc/${pid}/ns/pid`);
        if (lab === own) continue;
        const { uid } = await stat(`/proc/${pid}`);
        if (uid === SUBJECT_USER || tunnel) await this.#timeThreads(pid);
        if (!withMemory) continue;
        const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
        labs.set(lab, (labs.get(lab) ?? 0) + Number(/^Pss:\s*(\d+)/m.exec(rollup)?.[1] ?? 0));
      } catch {
        continue; // ended while it was being looked at
      }
    }
    for (const [lab, kib] of labs) this.#mostKiB.set(lab, Math.max(kib, this.#mostKiB.get(lab) ?? 0));
    const { user, system } = process.cpuUsage(began);
    this.ownCpuSeconds += (user + system) / 1e6;
  }

  /** proc(5): the first number of schedstat is the time it has run, to the nanosecond, where stat counts ticks. */
  async #timeThreads(pid: number): Promise<void> {
    for (const thread of await numbersIn(`/proc/${pid}/task`)) {
      const [ran] = (await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')).split(' ');
      this.#subjects.set(`${pid} ${thread}`, Number(ran));
    }
  }
}
