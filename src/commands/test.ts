/**
 * `npm test`: everything. Installs what the tests need and sees to a container engine, then formatter, linter, compiler,
 * the search for what nobody uses, and the tests (test-runs.ts), each to its end.
 */
import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { inProject } from '../contracts/places.ts';
import { clients } from '../clients/index.ts';
import { faults } from '../faults/index.ts';
import { killSwitches } from '../killswitches/index.ts';
import type { Need } from '../contracts/host.ts';
import { EXIT, RequestError, messageOf } from '../contracts/errors.ts';
import { parseArguments } from './arguments.ts';
import { descendants, signalAll } from './descendants.ts';
import { finishing } from './interruption.ts';
import { provideEngine, type ProvidedEngine } from '../harness/labs/docker/own-engine.ts';
import { provide } from '../harness/labs/provision.ts';
import { provideImages } from '../harness/labs/docker/images.ts';
import { TRIAL_NEEDS } from '../harness/trial/needs.ts';
import { CountsFile, testRuns } from './test-runs.ts';

/** What only the tests need: other people's readers of the same files, and a real browser for the report. */
const TEST_NEEDS: readonly Need[] = [
  { command: 'tshark', package: 'tshark' },
  { command: 'chromium', package: 'chromium' },
  { command: 'ping', package: 'iputils-ping' },
  { command: 'curl', package: 'curl' },
];

/** What is looked at before the tests, whatever is tested. */
const CHECKS: readonly (readonly string[])[] = [
  ['prettier', '--check', '.'],
  ['eslint', '.', '--max-warnings=0'],
  ['tsc', '--noEmit'],
  ['knip', '--no-progress'],
];

/** Arguments are handed to mocha: `npm test -- test/analysis` runs only those files, and skips the other checks. */
export async function testCommand(argv: readonly string[]): Promise<number> {
  const command = new Command('npm test --')
    .description('installs what the tests need, then runs formatter, linter, compiler and mocha, each to its end')
    .argument('[mocha...]', 'files, folders and options for mocha: only these tests are run, and no other check')
    .allowUnknownOption();
  const help = parseArguments(command, argv);
  if (help !== null) return help;
  const stop = finishing();
  const begun: Begun[] = [];
  let code: number = EXIT.interrupted;
  try {
    code = await runAll(argv, begun, stop);
  } catch (error) {
    // A program that was told to end at the same time, by the terminal, did not do what it was started for.
    if (!stop.aborted) throw error;
  }
  if (!stop.aborted) return code;
  // Images may still be in the making.
  signalAll(descendants(), 'SIGKILL');
  say(`interrupted during ${begun.at(-1)?.tool ?? 'the preparations'}; what it had started has been ended`);
  return EXIT.interrupted;
}

/** A tool that has been started, and what became of it. */
interface Begun {
  readonly tool: string;
  failed?: boolean;
}

function say(line: string): void {
  process.stderr.write(`killswitch-lab: ${line}\n`);
}

/** Exit code of everything that `argv` asks for; what is begun is added to `begun`. Nothing more is once `stop` is aborted. */
async function runAll(argv: readonly string[], begun: Begun[], stop: AbortSignal): Promise<number> {
  const plugins = [...clients, ...killSwitches, ...faults];
  await provide([...TRIAL_NEEDS, ...TEST_NEEDS, ...plugins.flatMap((plugin) => plugin.needs)], say);
  await using engine = await engineForTests();
  say(engine === null ? 'the lab in containers is not tested' : `containers: Docker ${engine.version}`);
  const isWhole = argv.length === 0;
  // Needed by all that is tested in containers, and mostly a matter of the network: it is done beside the checks.
  const images = isWhole && engine !== null ? buildImages(engine, stop) : null;
  await using counts = await CountsFile.make();
  const tests = (isWhole ? testRuns() : [argv]).map((args) => ['mocha', ...args]);
  for (const [tool = '', ...args] of [...(isWhole ? CHECKS : []), ...tests]) {
    if (tool === 'mocha') await images;
    if (stop.aborted) return EXIT.interrupted;
    say(`${tool} ${args.join(' ')}`);
    const one: Begun = { tool };
    begun.push(one);
    one.failed = !(await run(tool, args, counts.environment, stop));
  }
  // A single run has said so itself.
  if (tests.length > 1) {
    const { passed, failed, skipped } = await counts.sum(begun.filter(({ tool }) => tool === 'mocha'));
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }
  return begun.some(({ failed }) => failed) ? EXIT.leaked : EXIT.done;
}

/** Builds what every lab in containers stands on. Where that fails, the tests that need it say why. */
async function buildImages({ docker }: ProvidedEngine, stop: AbortSignal): Promise<void> {
  try {
    await provideImages(docker, { trial: TRIAL_NEEDS, plan: [] }, say);
  } catch (error) {
    if (!stop.aborted) say(messageOf(error));
  }
}

/** Provides a container engine; without one, the tests of the lab in containers say why they are not run, and are counted. */
async function engineForTests(): Promise<ProvidedEngine | null> {
  try {
    return await provideEngine(say);
  } catch (error) {
    process.env['KSL_NO_ENGINE'] = messageOf(error);
    return null;
  }
}

/**
 * Whether the tool is content. `stop` ends it and all that it has started, and its end is waited for. Throws `RequestError`
 * when it cannot be started.
 */
function run(
  tool: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(inProject('node_modules/.bin', tool), args, {
      cwd: inProject(),
      stdio: 'inherit',
      env: { ...process.env, ...environment },
    });
    // Tests start programs that would outlive mocha, and such as finish first what they are at.
    let started: ReturnType<typeof descendants> = new Map();
    const end = (): void => signalAll((started = descendants([child.pid ?? 0])), 'SIGTERM');
    stop.addEventListener('abort', end, { once: true });
    child.once('error', (error) => reject(new RequestError(`${tool} cannot be started: ${error.message}`)));
    child.once('exit', (code) => {
      stop.removeEventListener('abort', end);
      signalAll(new Map([...started, ...descendants(started.values())]), 'SIGKILL');
      resolve(code === 0);
    });
  });
}
