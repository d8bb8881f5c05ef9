/**
 * Where the compliance suites' labs stand: in network namespaces and, where an engine answers, in containers. A lab in
 * namespaces can be opened by their first process alone, so each lab is a program of its own, which `runInLab` starts and
 * which opens its lab with `openLab`.
 */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../src/contracts/clock.ts';
import type { Argv, Need } from '../../src/contracts/host.ts';
import type { Lab } from '../../src/contracts/lab.ts';
import { dockerLabSchema, openDockerLab, type DockerLabOptions } from '../../src/harness/labs/docker.ts';
import { enterNamespaces, openNetnsLab } from '../../src/harness/labs/netns.ts';
import { openTestEngine } from './engine.ts';
import { programOutput } from './program.ts';
import { Turns } from './turns.ts';

const REGISTER = fileURLToPath(new URL('../register.mjs', import.meta.url));
/** Longest life of such a program, in seconds: starting an engine's containers on a busy machine included. */
const LONGEST_SECONDS = 150;

/** What a program is told of its lab: the images of one in containers, null for one in namespaces. */
export type Place = Pick<DockerLabOptions, 'labImage' | 'clientImage'> | null;

/** A kind of lab, and what opens it for the tests. */
export interface LabPlace {
  readonly where: 'namespaces' | 'containers';
  /** Skips what `context` stands for where there is no such lab. `needs`: packages of the client's host. */
  readonly open: (context: Mocha.Context, needs: readonly Need[]) => Promise<Place>;
}

export const IN_NAMESPACES: LabPlace = { where: 'namespaces', open: () => Promise.resolve(null) };
export const IN_CONTAINERS: LabPlace = {
  where: 'containers',
  open: async (context, needs) => (await openTestEngine(context, needs)).images,
};
export const PLACES: readonly LabPlace[] = [IN_NAMESPACES, IN_CONTAINERS];

let opened = 0;

/** Runs the program (a TypeScript file of the tests) to its end and gives what it wrote. Throws when it fails. */
export async function runInLab(place: Place, program: string, ...args: string[]): Promise<string> {
  const trial = `${basename(program, '.ts')}-${process.pid}-${++opened}`;
  const options: DockerLabOptions | null = place && {
    campaign: 'test',
    trial,
    labImage: place.labImage,
    clientImage: place.clientImage,
  };
  const argv: Argv = [
    process.execPath,
    ...['--no-warnings', `--import=${REGISTER}`, program],
    ...[JSON.stringify(options), ...args],
  ];
  return programOutput(place === null ? enterNamespaces(argv) : argv, { seconds: LONGEST_SECONDS });
}

/** Says how far the program has come: the last of it is in the message of a failure (`programOutput`). */
export function sayStage(stage: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(1)} s: ${stage}\n`);
}

/** The lab that the program was told of in its first argument. */
export function openLab(clock: Clock): Promise<Lab> {
  const options = dockerLabSchema.nullable().parse(JSON.parse(process.argv[2] ?? ''));
  return options === null ? openNetnsLab(clock) : openDockerLab(clock, options);
}

/** Tells the parent what was seen, closes the lab and ends. */
export async function tell(seen: object, lab: Lab): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write(`${JSON.stringify(seen)}\n`, () => resolve()));
  await lab[Symbol.asyncDispose]();
  process.exit(0);
}

/** Labs at once: each waits more than it works. */
const LABS = 3;
/** Longest wait for a lab's turn and its run, in milliseconds. */
export const TURN_MS = 400_000;

/** What one program said of the lab it was run in; rejects where it failed. */
type Told = () => Promise<string>;

/** The labs of one description: a program each. */
export interface Labs {
  readonly where: LabPlace['where'];
  /** Enters a program (`runInLab`) to be run, once the description's tests begin. Its answer is for hooks and tests. */
  run(program: string, ...args: readonly string[]): Told;
}

/**
 * Has the description it is called in run, before its tests, every program that has been entered meanwhile: some at once.
 * `needs`: packages of the client's host.
 */
export function labsIn({ where, open }: LabPlace, needs: readonly Need[]): Labs {
  const turns = new Turns();
  let place: Place = null;

  before(async function () {
    this.timeout(TURN_MS);
    place = await open(this, needs);
    turns.begin(LABS);
  });

  return { where, run: (program, ...args) => turns.enter(() => runInLab(place, program, ...args)) };
}
