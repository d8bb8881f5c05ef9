/** Benchmark of `npm run scenario -- --list`: what a person waits for before anything is measured. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inProject } from '../contracts/places.ts';
import { type Bench, NO_NEEDS } from './bench.ts';
import { benchRow, type BenchRow } from './row.ts';

const RUNS = 9;
const LIMIT_SECONDS = 1;

export const listingBench: Bench = { needs: NO_NEEDS, measure };

async function measure(): Promise<readonly BenchRow[]> {
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    await promisify(execFile)(process.execPath, ['bootstrap.mjs', 'scenario', '--list'], { cwd: inProject() });
    seconds.push((performance.now() - began) / 1000);
  }
  return [benchRow('scenario --list, bootstrap included', 's', seconds, { name: 'limit', value: LIMIT_SECONDS })];
}
