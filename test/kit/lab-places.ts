/**
 * Where the compliance suites' labs stand: in network namespaces and, where an engine answers, in containers. A lab in
 * namespaces can be opened by their first process alone, so each lab is a program of its own, which `runInLab` starts and
 * which opens its lab with `openLab`.
 */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import pMap from 'p-map';
import type { Clock } from '../../src/contracts/clock.ts';
import type { Argv, Need } from '../../src/contracts/host.ts';
import type { Lab } from '../../src/contracts/lab.ts';
import { dockerLabSchema, openDockerLab, type DockerLabOptions } from '../../src/harness/labs/docker.ts';
import { enterNamespaces, openNetnsLab } from '../../src/harness/labs/netns.ts';
import { openTestEngine } from './engine.ts';
import { programOutput } from './program.ts';

const REGISTER = fileURLToPath(new URL('../register.mjs', import.meta.url));
/** Longest life of such a program, in seconds: starting an engine's containers on a busy machine included. */
const LONGEST_SECONDS = 150;

/** What a program is told of its lab: the images of one in containers, null for one in namespaces. */
export type Place = Pick<DockerLabOptions, 'labImage' | 'clientImage'> | null;

export const PLACES = [
  { where: 'namespaces', open: (): Promise<Place> => Promise.resolve(null) },
  {
    where: 'containers',
    /** Skips what `context` stands for where there is no engine. `needs`: packages of the client's host. */
    open: async (context: Mocha.Context, needs: readonly Need[]): Promise<Place> =>
      (await openTestEngine(context, needs)).images,
  },
] as const;

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

/** Runs `work` on each of `items`, some at once, and gives the promise of each by name. */
export function together<T>(
  items: readonly string[],
  work: (item: string) => Promise<T>,
): ReadonlyMap<string, Promise<T>> {
  const settle = new Map<string, (run: Promise<T>) => void>();
  const runs = new Map(
    items.map((item) => [item, new Promise<T>((resolve) => void settle.set(item, resolve))] as const),
  );
  // One that fails is its own test's matter, whenever that comes to it.
  for (const run of runs.values()) run.catch(() => undefined);
  const turn = async (item: string): Promise<void> => {
    const run = work(item);
    settle.get(item)?.(run);
    await run.catch(() => undefined);
  };
  void pMap(items, turn, { concurrency: LABS });
  return runs;
}
