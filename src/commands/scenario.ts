/** `npm run scenario <name|file.yaml>`: plan, provision, run, derive, show. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { statedRule } from '../analysis/statistics/sequential.ts';
import type { Summary } from '../analysis/summary/schema.ts';
import { runAgreement } from '../harness/campaign/agreement.ts';
import { runCampaign } from '../harness/campaign/campaign.ts';
import { asText, clientCatalogue, clientsPage, faultCatalogue, switchCatalogue } from './catalogue.ts';
import { describeSeconds } from '../contracts/durations.ts';
import { compareConcurrency, concurrencyText } from '../harness/campaign/concurrency.ts';
import { openDashboard } from './dashboard.ts';
import { EXIT, RequestError } from '../contracts/errors.ts';
import { chooseBackend, type Backend } from '../harness/labs/choose.ts';
import type { Engine } from '../harness/labs/docker/engine.ts';
import { provideStack } from '../harness/labs/docker/user-stack-images.ts';
import { provideImages, type LabImages } from '../harness/labs/docker/images.ts';
import { provideEngine } from '../harness/labs/docker/own-engine.ts';
import { sweepContainers } from '../harness/labs/docker/sweep-containers.ts';
import { NETNS_NEEDS } from '../harness/labs/netns.ts';
import { assertSameSetting, makeManifest } from '../harness/campaign/manifest.ts';
import { AdaptivePace, fixedPace, type Pace } from '../harness/campaign/pace.ts';
import { expectedSeconds, makePlan, sequentialRule, type Plan } from '../harness/campaign/plan.ts';
import { trialSeconds } from '../harness/trial/spec.ts';
import { provide } from '../harness/labs/provision.ts';
import type { Manifest } from '../records/manifest.ts';
import { plannedFor } from '../harness/campaign/sample-size.ts';
import { listScenarios, type Scenario } from '../harness/campaign/scenario.ts';
import { runSelftest, selftestText } from '../selftest/run.ts';
import { ProgressView, everyone, summaryTable } from './view.ts';
import { parseOptions, type ScenarioOptions } from './scenario-options.ts';
import { freshRun, resumedRun, type Run } from './scenario-run.ts';

/** Ctrl-C, a service manager, a closed terminal. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The self-test is to test the detector and not the machine. */
const SELFTEST_JOBS = 4;

/** Runs the command; gives the exit code. */
export async function scenarioCommand(argv: readonly string[]): Promise<number> {
  const { name, options } = parseOptions(argv);
  if (options.list) {
    console.log(await listing(options));
    return EXIT.done;
  }
  const run = options.resume === undefined ? await freshRun(name, options) : await resumedRun(options.resume, options);
  const plan = makePlan(run.scenario, run.seed, run.manifest?.scenario.cells);
  const pace = options.jobs === 'auto' ? AdaptivePace.ofMachine() : fixedPace(options.jobs);
  const { jobs } = pace;
  const say = (line: string): void => void process.stderr.write(`killswitch-lab: ${line}\n`);
  if (options.planFor !== undefined) {
    console.log(plannedFor(plan, options.planFor, jobs));
    return EXIT.done;
  }
  const sequential = sequentialRule(run.scenario);
  const scale = `${plan.cells.length} cells x ${sequential ? 'at most ' : ''}${run.scenario.trials} trials, ${jobs} at a time`;
  if (options.dryRun) {
    for (const trial of plan.trials) console.log(trial.trial);
    console.log(`${scale}: ${plan.trials.length} trials, about ${describeSeconds(expectedSeconds(plan, jobs))}.`);
    return EXIT.done;
  }
  if (run.scenario.kind === 'agreement' && options.lab === 'auto' && options.resume === undefined) {
    return runAgreement(run.folder, options.json, (lab, out) => scenarioCommand([...argv, '--lab', lab, '--out', out]));
  }
  const backend = await chooseLab(options, run.scenario, say);
  await using engine = backend === 'docker' ? await provideEngine(say) : null;
  const images = await provideLab(engine, options, run.scenario, plan, say);
  const now = makeManifest(run, plan, jobs, images?.versions ?? null);
  if (run.manifest !== null) assertSameSetting(run.manifest, now);
  const manifest: Manifest = { ...(run.manifest ?? now), commit: now.commit };
  if (sequential) say(statedRule(sequential));
  say(`${manifest.campaign}: ${scale}; results in ${path.relative('', run.folder) || '.'}`);
  if (run.scenario.kind === 'concurrency')
    return await concurrency({ run, plan, manifest, pace, images, options, say });
  if (run.scenario.kind === 'selftest') return await selftest(run.folder, plan, jobs, options.json, say);
  return await execute({ run, plan, manifest, pace, images, options, say });
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
  const { backend, reason } = asked === 'auto' ? await chooseBackend() : { backend: asked, reason: 'as asked' };
  say(`lab: ${backend} (${reason})`);
  return backend;
}

/** Wide enough to be read where the output goes to a file. */
const COLUMNS = 160;

async function listing({ clients, switches, faults, markdown }: ScenarioOptions): Promise<string> {
  const columns = process.stdout.isTTY ? process.stdout.columns : COLUMNS;
  if (clients === true && markdown === true) return clientsPage().trimEnd();
  if (clients === true) return asText(await clientCatalogue(), columns);
  if (switches === true) return asText(switchCatalogue(), columns);
  if (faults === true) return asText(faultCatalogue(), columns);
  return (await listScenarios()).map(({ name, title }) => `${name.padEnd(20)} ${title}`).join('\n');
}

/** Sees to it that labs can be opened: packages for namespaces, images for containers (which are the answer). */
async function provideLab(
  engine: Engine | null,
  { clientImage }: ScenarioOptions,
  { stack, folder }: Scenario,
  plan: Plan,
  say: (line: string) => void,
): Promise<LabImages | null> {
  if (engine === null) {
    await provide([...NETNS_NEEDS, ...plan.needs], say);
    return null;
  }
  const { docker } = engine;
  const images = await provideImages(docker, plan.needs, say, clientImage ?? null);
  if (stack === undefined) return images;
  const provided = await provideStack(docker, stack, folder, say);
  const used = { 'stack client': provided.client.image ?? '', 'stack vpn': provided.vpn.image ?? '' };
  return { ...images, stack: provided, versions: { ...images.versions, ...used } };
}

interface Execution {
  readonly run: Run;
  readonly plan: Plan;
  readonly manifest: Manifest;
  readonly pace: Pace;
  readonly images: LabImages | null;
  readonly options: ScenarioOptions;
  readonly say: (line: string) => void;
}

/** Runs the campaign; gives what it came to, and whether somebody interrupted it. */
async function runAndDerive(execution: Execution): Promise<{ summary: Summary; interrupted: boolean }> {
  const { run, plan, manifest, pace, images, options, say } = execution;
  const stop = stopSignal();
  const longest = Math.max(...plan.trials.map(trialSeconds));
  const view = new ProgressView(process.stderr, pace.jobs, longest);
  await using dashboard = options.watch ? await openDashboard(manifest, longest) : null;
  if (dashboard !== null) say(`watch it at ${dashboard.url}`);
  try {
    await runCampaign({
      folder: run.folder,
      manifest,
      trials: plan.trials,
      pace,
      containers: images,
      events: everyone(dashboard === null ? [view] : [view, dashboard]),
      signal: stop,
    });
  } finally {
    view.end();
    if (images !== null) await sweepContainers();
  }
  if (stop.aborted) process.stderr.write('killswitch-lab: interrupted; what is finished is being summarised\n');
  return { summary: await derive(run.folder), interrupted: stop.aborted };
}

async function execute(execution: Execution): Promise<number> {
  const { run, options } = execution;
  const { summary, interrupted } = await runAndDerive(execution);
  console.log(options.json ? JSON.stringify(summary, null, 2) : summaryTable(summary));
  if (!options.json) console.log(`\nReport: ${path.relative('', path.join(run.folder, 'report.html'))}`);
  if (interrupted) return sayInterrupted(`--resume ${run.folder}`);
  return exitCode(summary);
}

function sayInterrupted(again: string): number {
  process.stderr.write(`killswitch-lab: interrupted; to go on: npm run scenario -- ${again}\n`);
  return EXIT.interrupted;
}

/**
 * Loaded when needed: it brings the figures' engine along, which --list and --dry-run need not wait for. (In a function
 * with `await using` the compiler would leave the name of the source file in place.)
 */
async function derive(folder: string): Promise<Summary> {
  const { deriveCampaign } = await import('../analysis/campaign/derive.ts');
  return deriveCampaign(folder);
}

/** The same plan twice: one at a time, then side by side. Goes on with what is sealed when it is run again. */
async function concurrency(execution: Execution): Promise<number> {
  const { run, pace, options } = execution;
  const folders = ['one-at-a-time', 'side-by-side'].map((name) => path.join(run.folder, name));
  const [one = '', many = ''] = folders;
  for (const [folder, each] of [
    [one, fixedPace(1)],
    [many, pace],
  ] as const) {
    execution.say(`${path.basename(folder)}: ${each.jobs} labs`);
    const { interrupted } = await runAndDerive({ ...execution, run: { ...run, folder }, pace: each });
    if (interrupted) return sayInterrupted(`${run.scenario.name} --out ${run.folder}`);
  }
  const cells = await compareConcurrency(one, many);
  await writeFile(
    path.join(run.folder, 'concurrency.json'),
    JSON.stringify({ jobs: pace.jobs, cells }, null, 2) + '\n',
  );
  console.log(options.json ? JSON.stringify(cells, null, 2) : concurrencyText(cells, pace.jobs));
  return cells.every(({ equivalent }) => equivalent) ? EXIT.done : EXIT.leaked;
}

async function selftest(
  folder: string,
  { trials }: Plan,
  jobs: number,
  json: boolean,
  say: (line: string) => void,
): Promise<number> {
  const stopped = stopSignal();
  const report = await runSelftest({ folder, trials, jobs: Math.min(jobs, SELFTEST_JOBS), say, signal: stopped });
  if (report === null) return EXIT.interrupted;
  console.log(json ? JSON.stringify(report, null, 2) : selftestText(report));
  return report.passed ? EXIT.done : EXIT.leaked;
}

/** Aborted when somebody asks for the end; a second time ends the process at once, and every lab with it. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of STOP_SIGNALS) process.once(signal, () => stop.abort());
  return stop.signal;
}

/** A campaign of which no trial came to a verdict, although none was declared impossible, has measured nothing. */
function exitCode({ trials, violations, campaign }: Summary): number {
  if (violations.length > 0) return EXIT.leaked;
  if (trials.judged > 0 || trials.inconclusive === 0) return EXIT.done;
  process.stderr.write(
    `killswitch-lab: ${campaign} measured nothing: every trial that was run is inconclusive; the reasons stand above.\n`,
  );
  return EXIT.cannotRun;
}
