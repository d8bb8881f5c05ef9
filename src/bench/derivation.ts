/**
 * Measures what it costs to derive everything from 10,000 invented trials: summary, tables, figures, report, in a
 * process of its own so that its memory can be told. Without captures: reading those is the classification's bench.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { removeAtExit } from '../contracts/leaving.ts';
import { compiled } from '../contracts/places.ts';
import { type Bench, NO_NEEDS } from './bench.ts';
import { benchRow, type BenchRow } from './row.ts';
import { SYNTHETIC_PLAN, writeSyntheticCampaign } from './synthetic.ts';

const TRIALS = 10_000;
const RUNS = 3;
/** Longest time allowed for 10,000 trials. */
const LIMIT_SECONDS = 10;
/** Ours: what a small machine can spare. */
const LIMIT_MIB = 1024;
/** Ten moments make 240 cells: the bootstrap and the tables grow with the cells, not only with the trials. */
const MOMENTS = Array.from({ length: 10 }, (_, i) => `${i + 1}s`);

const WORKER = compiled('bench/derive-once');
const workerSchema = z.object({ seconds: z.number(), processorSeconds: z.number(), peakMiB: z.number() });

export const derivationBench: Bench = { needs: NO_NEEDS, measure };

async function measure(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'derivation-'));
  removeAtExit(folder);
  try {
    const cells = SYNTHETIC_PLAN.clients.length * SYNTHETIC_PLAN.faults.length * SYNTHETIC_PLAN.switches.length;
    const trialsPerCell = Math.ceil(TRIALS / (cells * MOMENTS.length));
    await writeSyntheticCampaign(folder, { ...SYNTHETIC_PLAN, moments: MOMENTS, trialsPerCell, timelines: true });
    const seconds: number[] = [];
    const processor: number[] = [];
    const peaks: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const { stdout } = await promisify(execFile)(process.execPath, [WORKER, folder]);
      const told = workerSchema.parse(JSON.parse(stdout));
      seconds.push(told.seconds);
      processor.push(told.processorSeconds);
      peaks.push(told.peakMiB);
    }
    return [
      benchRow(`derive ${TRIALS} trials`, 's', seconds, { name: 'limit', value: LIMIT_SECONDS }),
      benchRow(`processor time to derive ${TRIALS} trials`, 's', processor, { name: 'limit', value: LIMIT_SECONDS }),
      benchRow(`memory to derive ${TRIALS} trials`, 'MiB', peaks, { name: 'limit', value: LIMIT_MIB }),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}
