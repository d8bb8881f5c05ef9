/** Benchmark of the lab in containers: the same steps as the embedded lab's, with images present, against their limits. */
import { RequestError } from '../contracts/errors.ts';
import type { DockerLabOptions } from '../harness/labs/docker.ts';
import { provideImages } from '../harness/labs/docker/images.ts';
import { provideEngine } from '../harness/labs/docker/own-engine.ts';
import { FAULTS, LAB_PROGRAM, measureLabs } from './lab.ts';
import { TRIAL_NEEDS } from '../harness/trial/needs.ts';
import { say } from './say.ts';
import { type Bench, NO_NEEDS } from './bench.ts';
import type { BenchRow } from './row.ts';

/** Containers are started by another process and are slower to come and go; a fault is not slower. */
const LIMIT_SECONDS = { open: 4, close: 3, bracket: 0.0005 };

/** An engine is installed where none answers, its images bring what runs in them: neither is known beforehand. */
export const dockerBench: Bench = { needs: NO_NEEDS, measure };

/** Starts an engine where none answers; no rows, and a line that says why, where that cannot be either. */
async function measure(): Promise<readonly BenchRow[]> {
  const engine = await provideEngine(say).catch((error: unknown) => {
    if (!(error instanceof RequestError)) throw error;
    say(`the lab in containers is not measured: ${error.message}`);
    return null;
  });
  if (engine === null) return [];
  await using provided = engine;
  const { labImage, clientImage } = await provideImages(provided.docker, { trial: TRIAL_NEEDS, plan: [] }, say);
  const options: DockerLabOptions = { campaign: 'bench', trial: 'bench', labImage, clientImage };
  const argv = [process.execPath, LAB_PROGRAM, JSON.stringify(options), ...FAULTS] as const;
  return await measureLabs('lab in containers', argv, LIMIT_SECONDS);
}
