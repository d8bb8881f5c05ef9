/** Sees to it that the labs of a run can be opened, and that the run is what its manifest says. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { statedRule } from '../../analysis/statistics/sequential.ts';
import { RequestError } from '../../contracts/errors.ts';
import { assertSameSetting, makeManifest } from '../../harness/campaign/manifest.ts';
import { sequentialRule, type Plan } from '../../harness/campaign/plan.ts';
import type { Scenario } from '../../harness/campaign/scenario.ts';
import { chooseBackend, type Backend } from '../../harness/labs/choose.ts';
import type { Engine } from '../../harness/labs/docker/engine.ts';
import { provideImages, type LabImages } from '../../harness/labs/docker/images.ts';
import { provideEngine } from '../../harness/labs/docker/own-engine.ts';
import { provideStack } from '../../harness/labs/docker/user-stack-images.ts';
import { provide } from '../../harness/labs/provision.ts';
import { TRIAL_NEEDS } from '../../harness/trial/needs.ts';
import type { Manifest } from '../../records/manifest.ts';
import type { ScenarioOptions } from '../scenario-options.ts';
import { scaleOf, type Asked } from './asked.ts';

/** A run whose labs can be opened. */
export interface Execution extends Asked {
  readonly manifest: Manifest;
  /** What containers are made from; null where labs are of namespaces. */
  readonly images: LabImages | null;
}

/** Calls `execute` with everything in place; gives what it gives. Throws `RequestError` where labs cannot be opened. */
export async function withLab(asked: Asked, execute: (execution: Execution) => Promise<number>): Promise<number> {
  const { run, plan, pace, options, say } = asked;
  assertDescriptors(pace.jobs);
  const backend = await chooseLab(options, run.scenario, say);
  await using engine = backend === 'docker' ? await provideEngine(say) : null;
  const images = await provideLab(engine, options, run.scenario, plan, say);
  const now = makeManifest(run, plan, pace.jobs, images?.versions ?? null);
  if (run.manifest !== null) assertSameSetting(run.manifest, now);
  const manifest: Manifest = { ...(run.manifest ?? now), commit: now.commit };
  const sequential = sequentialRule(run.scenario);
  if (sequential) say(statedRule(sequential));
  say(`${manifest.campaign}: ${scaleOf(asked)}; results in ${path.relative('', run.folder) || '.'}`);
  return await execute({ ...asked, manifest, images });
}

/** Open files of the harness: its own, and for each lab the channel to its process and what is read of it. */
const DESCRIPTORS = { own: 128, lab: 8 } as const;

/** Throws `RequestError` where so many labs would leave the harness without open files in the middle of a campaign. */
function assertDescriptors(jobs: number): void {
  const limit = Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
  const needed = DESCRIPTORS.own + DESCRIPTORS.lab * jobs;
  if (limit >= needed) return;
  throw new RequestError(
    `${jobs} labs side by side take ${needed} open files, and this shell allows ${limit}: type  ulimit -n ${needed}  ` +
      `or run fewer labs (--jobs ${Math.max(1, Math.floor((limit - DESCRIPTORS.own) / DESCRIPTORS.lab))}).`,
  );
}

async function chooseLab(
  { lab, clientImage }: ScenarioOptions,
  { stack }: Scenario,
  say: (line: string) => void,
): Promise<Backend> {
  if (stack !== undefined && (lab === 'netns' || clientImage !== undefined)) {
    throw new RequestError('A stack runs in containers of its own: leave out --lab netns and --client-image.');
  }
  if (clientImage !== undefined && lab === 'netns') {
    throw new RequestError('--client-image runs the client in a container: leave out --lab netns.');
  }
  const asked = clientImage === undefined && stack === undefined ? lab : 'docker';
  const { backend, reason } =
    asked === 'auto' ? await chooseBackend(TRIAL_NEEDS) : { backend: asked, reason: 'as asked' };
  say(`lab: ${backend} (${reason})`);
  return backend;
}

/** What to do where the packages of a lab in namespaces cannot be installed. */
const IN_CONTAINERS = 'Or run the lab in containers, where nothing has to be installed: add  --lab docker';

/** Sees to it that labs can be opened: packages for namespaces, images for containers (which are the answer). */
async function provideLab(
  engine: Engine | null,
  { clientImage }: ScenarioOptions,
  { stack, folder }: Scenario,
  plan: Plan,
  say: (line: string) => void,
): Promise<LabImages | null> {
  if (engine === null) {
    await provide([...TRIAL_NEEDS, ...plan.needs], say, IN_CONTAINERS);
    return null;
  }
  const { docker } = engine;
  const images = await provideImages(docker, { trial: TRIAL_NEEDS, plan: plan.needs }, say, clientImage ?? null);
  if (stack === undefined) return images;
  const provided = await provideStack(docker, stack, folder, say);
  const used = { 'stack client': provided.client.image ?? '', 'stack vpn': provided.vpn.image ?? '' };
  return { ...images, stack: provided, versions: { ...images.versions, ...used } };
}
