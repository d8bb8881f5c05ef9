/** `npm run scenario <name|file.yaml>`: plan, provision, run, derive, show. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseShare } from '../../analysis/statistics/planning.ts';
import { statedRule } from '../../analysis/statistics/sequential.ts';
import type { Summary } from '../../analysis/summary/schema.ts';
import { runAgreement } from '../agreement.ts';
import { runCampaign } from '../campaign.ts';
import { asText, clientCatalogue, clientsPage, faultCatalogue, switchCatalogue } from '../catalogue.ts';
import { describeSeconds, parseSeconds } from '../durations.ts';
import { compareConcurrency, concurrencyText } from '../concurrency.ts';
import { openDashboard } from '../dashboard.ts';
import { EXIT, RequestError } from '../errors.ts';
import { BACKENDS, chooseBackend, type Backend } from '../labs/choose.ts';
import type { Engine } from '../labs/docker/engine.ts';
import { provideStack } from '../labs/docker/stack-images.ts';
import { provideImages, type LabImages } from '../labs/docker/images.ts';
import { provideEngine } from '../labs/docker/own-engine.ts';
import { sweepContainers } from '../labs/docker/sweep.ts';
import { NETNS_NEEDS } from '../labs/netns.ts';
import { assertSameSetting, makeManifest } from '../manifest.ts';
import { AdaptivePace, fixedPace, type Pace } from '../pace.ts';
import { expectedSeconds, makePlan, restrict, sequentialRule, trialSeconds, type Plan } from '../plan.ts';
import { provide } from '../provision.ts';
import { manifestSchema, type Manifest } from '../records.ts';
import { plannedFor } from '../sample-size.ts';
import { listScenarios, loadScenario, parseScenario, type Scenario } from '../scenario.ts';
import { runSelftest, selftestText } from '../selftest/run.ts';
import { ProgressView, everyone, summaryTable } from '../view.ts';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
/** Ctrl-C, a service manager, a closed terminal. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The self-test is to test the detector and not the machine. */
const SELFTEST_JOBS = 4;

interface Options {
  readonly lab: Backend | 'auto';
  readonly clientImage?: string;
  readonly client?: readonly string[];
  readonly switch?: readonly string[];
  readonly fault?: readonly string[];
  readonly trials?: number;
  readonly planFor?: number;
  readonly horizon?: number;
  readonly every?: number;
  readonly jobs: number | 'auto';
  readonly seed: number;
  readonly out?: string;
  readonly resume?: string;
  readonly watch: boolean;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly list: boolean;
  readonly clients?: true;
  readonly switches?: true;
  readonly faults?: true;
  readonly markdown?: true;
}

/** Commas separate names, except inside the parentheses of a parameter list. */
function nameList(text: string): string[] {
  const names = text.split(/,(?![^(]*\))/).map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('Give names separated by commas.');
  return names;
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Give a whole number of at least ${least}.`);
    }
    return value;
  };
}

function duration(text: string): number {
  const seconds = parseSeconds(text);
  if (seconds === null || seconds <= 0) throw new InvalidArgumentError('Give a duration such as 30s, 2m or 1h.');
  return seconds;
}

function share(text: string): number {
  const value = parseShare(text);
  if (value === null) throw new InvalidArgumentError('Give a share such as 1% or 0.01.');
  return value;
}

const DEFAULT_SEED = 1;

function parse(argv: readonly string[]): { readonly name: string | undefined; readonly options: Options } {
  const program = new Command('npm run scenario --')
    .argument('[scenario]', 'a name from --list, or the path of a .yaml file')
    .addOption(new Option('--lab <backend>', 'where the lab is built').choices([...BACKENDS, 'auto']).default('auto'))
    .option('--client-image <image>', 'run the client from this image (Debian or Ubuntu inside); implies --lab docker')
    .option('--client <names>', 'only these clients', nameList)
    .option('--switch <names>', 'only these kill switches', nameList)
    .option('--fault <names>', 'only these faults', nameList)
    .option('--trials <n>', 'trials per cell', wholeNumber(1))
    .option('--plan-for <share>', 'say how many trials an upper bound of e.g. 1% takes, and do nothing', share)
    .option('--horizon <time>', 'for how long after the fault the swarm is asked, e.g. 55m', duration)
    .option('--every <time>', 'between two rounds of questions to the swarm', duration)
    .option('--jobs <n|auto>', 'labs side by side', (text) => (text === 'auto' ? text : wholeNumber(1)(text)), 'auto')
    .option('--seed <n>', 'seed of the plan and the payload', wholeNumber(0), DEFAULT_SEED)
    .option('--out <dir>', 'results folder (default: results/<scenario>-<time>)')
    .option('--resume <dir>', 'go on with a campaign that was interrupted')
    .option('--watch', 'serve a page that shows the run, on this machine only', false)
    .option('--json', 'print the summary as JSON', false)
    .option('--dry-run', 'print the plan and do nothing', false)
    .option('--list', 'list the scenarios', false)
    .addOption(new Option('--clients', 'with --list: the torrent clients').conflicts(['switches', 'faults']))
    .addOption(new Option('--switches', 'with --list: the kill switches').conflicts('faults'))
    .option('--faults', 'with --list: the faults')
    .addOption(new Option('--markdown', 'with --clients: as in docs/clients.md').conflicts(['switches', 'faults']))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  program.parse([...argv], { from: 'user' });
  return { name: program.args[0], options: program.opts<Options>() };
}

/** Runs the command; gives the exit code. */
export async function scenarioCommand(argv: readonly string[]): Promise<number> {
  const { name, options } = parse(argv);
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
  { lab, clientImage }: Options,
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

async function listing({ clients, switches, faults, markdown }: Options): Promise<string> {
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
  { clientImage }: Options,
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

interface Run {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly folder: string;
  readonly startedAt: string;
  /** Of the campaign that goes on; null for a new one. */
  readonly manifest: Manifest | null;
}

async function freshRun(name: string | undefined, options: Options): Promise<Run> {
  if (name === undefined) {
    const known = (await listScenarios()).map((scenario) => scenario.name);
    throw new RequestError(`Which scenario? Known: ${known.join(', ')}. For example: npm run scenario quickstart`);
  }
  const scenario = restrict(await loadScenario(name), {
    ...(options.client && { clients: options.client }),
    ...(options.switch && { killSwitches: options.switch }),
    ...(options.fault && { faults: options.fault }),
    ...(options.trials !== undefined && { trials: options.trials }),
    ...(options.horizon !== undefined && { horizon: options.horizon }),
    ...(options.every !== undefined && { every: options.every }),
  });
  const startedAt = new Date().toISOString();
  const stamp = startedAt.slice(0, 19).replace(/[:]/g, '').replace('T', '-');
  const folder = path.resolve(options.out ?? path.join(PROJECT, 'results', `${scenario.name}-${stamp}`));
  if (existsSync(path.join(folder, 'trials.jsonl'))) {
    throw new RequestError(
      `${folder} holds a campaign already. To go on with it: --resume ${folder}; for a new one give another --out.`,
    );
  }
  return { scenario, seed: options.seed, folder, startedAt, manifest: null };
}

/** A campaign's own manifest says what it was to be; the command line cannot change it half-way. */
async function resumedRun(folder: string, options: Options): Promise<Run> {
  const fixed = ['client', 'switch', 'fault', 'trials', 'horizon', 'every', 'out'] as const;
  const given = fixed.filter((option) => options[option] !== undefined);
  if (given.length > 0) {
    throw new RequestError(`--resume goes on with the plan as it was: leave out --${given.join(', --')}.`);
  }
  let text: string;
  try {
    text = await readFile(path.join(folder, 'manifest.json'), 'utf8');
  } catch {
    throw new RequestError(`${folder} holds no campaign (no manifest.json). Give the folder of an interrupted run.`);
  }
  const manifest = manifestSchema.parse(JSON.parse(text));
  const { scenario: asRun } = manifest;
  const unique = (names: readonly string[]): string[] => [...new Set(names)];
  const scenario = restrict(parseScenario(asRun.name, asRun.source, 'manifest.json'), {
    clients: unique(asRun.cells.map((cell) => cell.client)),
    killSwitches: unique(asRun.cells.map((cell) => cell.killSwitch)),
    faults: unique(asRun.cells.map((cell) => cell.fault)),
    trials: asRun.trialsPerCell,
    ...asRun.retrieval,
  });
  return { scenario, seed: manifest.seed, folder: path.resolve(folder), startedAt: manifest.startedAt, manifest };
}

interface Execution {
  readonly run: Run;
  readonly plan: Plan;
  readonly manifest: Manifest;
  readonly pace: Pace;
  readonly images: LabImages | null;
  readonly options: Options;
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
  const { deriveCampaign } = await import('../../analysis/campaign/derive.ts');
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
