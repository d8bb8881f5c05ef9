/** Benchmark of the lab: opening, teardown, and the bracket of each fault, against the limits they are to keep. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import { compiled } from '../contracts/places.ts';
import type { Argv, Need } from '../contracts/host.ts';
import { enterNamespaces } from '../harness/labs/netns.ts';
import { TRIAL_NEEDS } from '../harness/trial/needs.ts';
import type { Bench } from './bench.ts';
import { benchRow, type BenchRow } from './row.ts';

export const LAB_PROGRAM = compiled('bench/lab-program');
const LABS = 15;
/** What a user waits for without noticing; a fault bracket far below a packet's travel through a home line. */
const LIMIT_SECONDS = { open: 0.5, close: 0.3, bracket: 0.0002 };
/**
 * Faults measured: each is one netlink message, one transaction or one signal; the others are programs or several
 * operations.
 */
export const FAULTS = [
  'link-down',
  'link-deleted',
  'daemon-killed',
  'daemon-stopped',
  'server-blackhole',
  'server-gone',
  'handshake-expiry',
  'mtu-blackhole',
  'route-lost',
  'specific-route',
  'metric-hijack',
  'uplink-flap',
  'nft-flush',
];

const timesSchema = z.object({
  openSeconds: z.number(),
  closeSeconds: z.number(),
  brackets: z.record(z.string(), z.array(z.number())),
});

interface Limits {
  readonly open: number;
  readonly close: number;
  readonly bracket: number;
}

/** A lab is open for a user when a packet has gone through its tunnel and back. */
const PING: Need = { command: 'ping', package: 'iputils-ping' };

export const labBench: Bench = {
  needs: () => Promise.resolve([...TRIAL_NEEDS, PING]),
  measure: () => measureLabs('lab', enterNamespaces([process.execPath, LAB_PROGRAM, ...FAULTS]), LIMIT_SECONDS),
};

/** Opens labs one after the other; rows begin with `name`. Limits are in seconds. */
export async function measureLabs(
  name: string,
  [program, ...args]: Argv,
  limits: Limits,
): Promise<readonly BenchRow[]> {
  const runs: z.infer<typeof timesSchema>[] = [];
  for (let lab = 0; lab < LABS; lab++) {
    const { stdout } = await promisify(execFile)(program, args);
    runs.push(timesSchema.parse(JSON.parse(stdout)));
  }
  const row = (what: string, values: readonly number[], value: number): BenchRow =>
    benchRow(`${name}: ${what}`, 's', values, { name: 'limit', value });
  return [
    row(
      'open to first packet through the tunnel',
      runs.map((run) => run.openSeconds),
      limits.open,
    ),
    row(
      'teardown',
      runs.map((run) => run.closeSeconds),
      limits.close,
    ),
    ...FAULTS.map((fault) =>
      row(
        `fault bracket, ${fault}`,
        runs.flatMap((run) => run.brackets[fault] ?? []),
        limits.bracket,
      ),
    ),
  ];
}
