/** `npm test` itself, with small test files in place of the project's. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { CountsFile, testRuns } from '../../src/commands/test-runs.ts';
import { EXIT } from '../../src/contracts/errors.ts';
import { BOOTSTRAP, commandLine } from '../kit/command-line.ts';
import { Remains } from '../kit/remains.ts';

const MOCHA = path.resolve(import.meta.dirname, '../../node_modules/.bin/mocha');

/** Starts a program that is deaf to SIGTERM and outlives its parent, says so by making `mark`, and never ends. */
const endless = (mark: string): string => `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
it('never ends', function (done) {
  this.timeout(0);
  spawn('sh', ['-c', 'trap "" TERM; sleep 300; :'], { stdio: 'ignore', detached: true })
    .once('spawn', () => writeFileSync(${JSON.stringify(mark)}, ''));
  setInterval(() => undefined, 1000);
});
`;

describe('npm test', function () {
  this.timeout(120_000);
  let base = '';
  // Whatever has to be compiled is, before anything is looked at.
  before(() => void commandLine('help'));
  beforeEach(async () => void (base = await mkdtemp(path.join(tmpdir(), 'ksl-npm-test-'))));
  afterEach(() => rm(base, { recursive: true, force: true }));

  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(base, `${name}.test.mjs`);
    await writeFile(file, text);
    return file;
  };

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`ends on ${signal} all that runs side by side, says so, and exits with 130`, async () => {
      const marks = path.join(base, 'marks');
      await mkdir(marks);
      const names = ['one', 'two'];
      const files = await Promise.all(names.map((name) => write(name, endless(path.join(marks, name)))));
      const [command, said] = start([BOOTSTRAP, 'test', '--parallel', '--jobs', '2', ...files]);
      const exited = once(command, 'close');
      const made = watch(marks);
      // A test that fails here leaves it open, and mocha would wait for it.
      made.unref();
      while (!names.every((name) => existsSync(path.join(marks, name)))) {
        await Promise.race([once(made, 'change'), exited]);
        assert.equal(command.exitCode, null, said());
      }
      made.close();
      const remains = await Remains.of(command.pid ?? 0);
      command.kill(signal);
      await exited;
      assert.equal(command.exitCode, EXIT.interrupted, said());
      assert.match(said(), /interrupted during mocha; what it had started has been ended\n$/);
      await remains.assertGone(5);
    });
  }

  it('adds up what its runs of mocha counted, and one that ended without counting is a failure', async () => {
    const good = await write('good', `it('passes', () => undefined); it('is left out');`);
    const bad = await write(
      'bad',
      `it('fails', () => { throw new Error('as it should'); }); it('passes', () => undefined);`,
    );
    const killed = await write('killed', `it('is killed', () => process.kill(process.pid, 'SIGKILL'));`);
    await using counts = await CountsFile.make();
    const runs: { failed: boolean }[] = [];
    for (const files of [[good], ['--parallel', '--jobs', '2', good, bad], [killed]]) {
      const [mocha] = start([MOCHA, ...files], counts.environment);
      await once(mocha, 'close');
      runs.push({ failed: mocha.exitCode !== 0 });
    }
    assert.deepEqual(runs, [{ failed: false }, { failed: true }, { failed: true }]);
    assert.deepEqual(await counts.sum(runs), { passed: 3, failed: 2, skipped: 2 });
  });

  it('leaves to its last run the files that must be alone, each with its reason, and no others', () => {
    const [sideBySide = [], alone = []] = testRuns();
    const left = sideBySide.flatMap((word, index) => (sideBySide[index - 1] === '--ignore' ? [word] : []));
    assert.deepEqual(left, alone);
    for (const file of alone) assert.ok(existsSync(path.resolve(import.meta.dirname, '../..', file)), file);
    const reasons = z.record(z.string(), z.string().min(1));
    reasons.parse(JSON.parse(readFileSync(new URL('../alone.json', import.meta.url), 'utf8')));
  });
});

/** A Node.js program, and what it has said. Engines of containers are none of its business. */
function start(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): [ChildProcess, () => string] {
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DOCKER_HOST: 'unix:///nonexistent', ...environment },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return [child, () => said];
}
