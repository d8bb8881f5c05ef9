/** Benchmark of the lab in containers: the same steps as the embedded lab's, with images present, against their limits. */
import { RequestError } from '../errors.ts';
import type { DockerLabOptions } from '../labs/docker.ts';
import { connectEngine } from '../labs/docker/engine.ts';
import { provideImages, type LabImages } from '../labs/docker/images.ts';
import { FAULTS, LAB_PROGRAM, measureLabs } from './lab.ts';
import type { BenchRow } from './row.ts';

/** Containers are started by another process and are slower to come and go; a fault is not slower. */
const LIMIT_SECONDS = { open: 4, close: 3, bracket: 0.0005 };

/** No rows, and a line that says why, where no engine answers. */
export async function dockerBench(): Promise<readonly BenchRow[]> {
  const say = (line: string): void => void process.stderr.write(`killswitch-lab: ${line}\n`);
  let images: LabImages;
  try {
    images = await provideImages((await connectEngine()).docker, [], say);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    say(`the lab in containers is not measured: ${error.message}`);
    return [];
  }
  const { labImage, clientImage } = images;
  const options: DockerLabOptions = { campaign: 'bench', trial: 'bench', labImage, clientImage };
  const argv = [process.execPath, LAB_PROGRAM, JSON.stringify(options), ...FAULTS] as const;
  return measureLabs('lab in containers', argv, LIMIT_SECONDS);
}
