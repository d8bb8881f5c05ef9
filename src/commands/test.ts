/**
 * `npm test`: everything. Installs what the tests need and sees to a container engine, then formatter, linter, compiler,
 * the search for what nobody uses, and mocha, each to its end.
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
import { TRIAL_NEEDS } from '../harness/trial/needs.ts';

/** What only the tests need: other people's readers of the same files, and a real browser for the report. */
const TEST_NEEDS: readonly Need[] = [
  { command: 'tshark', package: 'tshark' },
  { command: 'chromium', package: 'chromium' },
  { command: 'ping', package: 'iputils-ping' },
  { command: 'curl', package: 'curl' },
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
  const plugins = [...clients, ...killSwitches, ...faults];
  const say = (line: string): void => void process.stderr.write(`killswitch-lab: ${line}\n`);
  await provide([...TRIAL_NEEDS, ...TEST_NEEDS, ...plugins.flatMap((plugin) => plugin.needs)], say);
  await using engine = await engineForTests(say);
  say(engine === null ? 'the lab in containers is not tested' : `containers: Docker ${engine.version}`);
  const checks: readonly (readonly string[])[] =
    argv.length > 0
      ? [['mocha', ...argv]]
      : [
          ['prettier', '--check', '.'],
          ['eslint', '.', '--max-warnings=0'],
          ['tsc', '--noEmit'],
          ['knip', '--no-progress'],
          ['mocha', 'test/**/*.test.ts'],
        ];
  let failed = 0;
  for (const [tool = '', ...args] of checks) {
    say(`${tool} ${args.join(' ')}`);
    if (!(await run(tool, args, stop))) failed += 1;
    if (stop.aborted) return EXIT.interrupted;
  }
  return failed === 0 ? EXIT.done : EXIT.leaked;
}

/** Provides a container engine; without one, the tests of the lab in containers say why they are not run, and are counted. */
async function engineForTests(say: (line: string) => void): Promise<ProvidedEngine | null> {
  try {
    return await provideEngine(say);
  } catch (error) {
    process.env['KSL_NO_ENGINE'] = messageOf(error);
    return null;
  }
}

/**
 * Whether the tool is content. `stop` ends it, and its end is waited for. Throws `RequestError` when it cannot be started.
 */
function run(tool: string, args: readonly string[], stop: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(inProject('node_modules/.bin', tool), args, { cwd: inProject(), stdio: 'inherit' });
    // Tests start programs that would outlive mocha.
    let started: ReturnType<typeof descendants> = new Map();
    const end = (): void => signalAll((started = descendants()), 'SIGTERM');
    stop.addEventListener('abort', end, { once: true });
    child.once('error', (error) => reject(new RequestError(`${tool} cannot be started: ${error.message}`)));
    child.once('exit', (code) => {
      stop.removeEventListener('abort', end);
      signalAll(started, 'SIGKILL');
      resolve(code === 0);
    });
  });
}
