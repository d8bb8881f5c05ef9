/**
 * How the tests are run: files side by side, since most of what a lab does is waiting; then, one after the other, those
 * that must be alone on the machine. What each run of mocha counted is added up.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { ownerName } from '../contracts/owner.ts';
import { inProject } from '../contracts/places.ts';
import { SCRATCH_PREFIX } from '../harness/labs/docker/sweep-containers.ts';

/** Variable in mocha's environment: the file that its reporter (test/reporter.cjs) adds what it counted to. */
const COUNTS_VARIABLE = 'KSL_TEST_COUNTS';
/** Files at once at most, however many processors there are: some open three labs at a time. */
const MOST_FILES = 4;

const aloneSchema = z.record(z.string(), z.string());
const countsSchema = z.object({ passed: z.int(), failed: z.int(), skipped: z.int() });
export type Counts = z.infer<typeof countsSchema>;

/** The arguments of each run of mocha that all tests take. */
export function testRuns(): readonly (readonly string[])[] {
  const stated = aloneSchema.parse(JSON.parse(readFileSync(inProject('test/alone.json'), 'utf8')));
  const alone = Object.keys(stated).map((file) => `test/${file}`);
  const jobs = Math.min(availableParallelism() + 1, MOST_FILES);
  const without = alone.flatMap((file) => ['--ignore', file]);
  return [['--parallel', '--jobs', String(jobs), ...without, 'test/**/*.test.ts'], alone];
}

/** A place for runs of mocha to leave their counts; it goes when it is disposed of. */
export class CountsFile implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<CountsFile> {
    return new CountsFile(
      await mkdtemp(path.join(tmpdir(), `${SCRATCH_PREFIX}${ownerName(process.pid) ?? ''}-counts-`)),
    );
  }

  get environment(): Readonly<Record<string, string>> {
    return { [COUNTS_VARIABLE]: this.#file };
  }

  get #file(): string {
    return path.join(this.#folder, 'counts.jsonl');
  }

  /** The sum of what was counted. Each of `runs` that failed without counting a failure (it was killed) is one. */
  async sum(runs: readonly { readonly failed?: boolean }[]): Promise<Counts> {
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    const counted = text
      .split('\n')
      .filter(Boolean)
      .map((line) => countsSchema.parse(JSON.parse(line)));
    const total = (of: keyof Counts): number => counted.reduce((sum, counts) => sum + counts[of], 0);
    const uncounted = runs.filter(({ failed }) => failed).length - counted.filter(({ failed }) => failed > 0).length;
    return { passed: total('passed'), failed: total('failed') + Math.max(0, uncounted), skipped: total('skipped') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
