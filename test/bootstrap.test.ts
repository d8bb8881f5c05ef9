/** Builds: made beside each other, kept while one of them is used, with a small project in place of this one. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = path.resolve(import.meta.dirname, '..');
/** Says what the sources were when it was compiled, waits for its input to end, then loads what it had not needed before. */
const program = (version: number): string =>
  [
    `export async function main(words: string[]): Promise<number> {`,
    `  console.log('began with ${version}');`,
    `  if (words[0] === 'wait') for await (const _ of process.stdin);`,
    `  console.log((await import('./late.ts')).late);`,
    `  return 0;`,
    `}`,
  ].join('\n');

let base = '';

const change = async (version: number): Promise<void> => {
  await writeFile(path.join(base, 'src', 'cli.ts'), program(version));
  await writeFile(path.join(base, 'src', 'late.ts'), `export const late = 'loaded from ${version}';`);
};

const builds = async (): Promise<string[]> =>
  (await readdir(path.join(base, 'build'))).filter((name) => name !== 'current');

const run = (...words: string[]) =>
  spawnSync(process.execPath, ['bootstrap.mjs', ...words], { cwd: base, encoding: 'utf8' });

const running: ChildProcessWithoutNullStreams[] = [];

const start = async (): Promise<{ child: ChildProcessWithoutNullStreams; said: Promise<string> }> => {
  const child = spawn(process.execPath, ['bootstrap.mjs', 'wait'], { cwd: base });
  running.push(child);
  const said = text(child.stdout);
  await once(child.stdout, 'data');
  return { child, said };
};

/** Makes a small project for each test. */
function hasProject(): void {
  beforeEach(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'ksl-bootstrap-'));
    await copyFile(path.join(ROOT, 'bootstrap.mjs'), path.join(base, 'bootstrap.mjs'));
    await mkdir(path.join(base, 'src'));
    await symlink(path.join(ROOT, 'node_modules'), path.join(base, 'node_modules'));
    const scripts = { wait: 'node bootstrap.mjs wait' };
    const engines = { node: `^${process.versions.node}` };
    await writeFile(
      path.join(base, 'package.json'),
      JSON.stringify({ type: 'module', version: '7.8.9', scripts, engines }),
    );
    await writeFile(path.join(base, 'package-lock.json'), '{}');
    await utimes(path.join(base, 'package-lock.json'), 0, 0);
    await writeFile(path.join(base, 'bundle.mjs'), '');
    await copyFile(path.join(ROOT, 'tsconfig.json'), path.join(base, 'tsconfig.json'));
    await copyFile(path.join(ROOT, 'tsconfig.build.json'), path.join(base, 'tsconfig.build.json'));
    await change(1);
  });
  afterEach(async () => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    await rm(base, { recursive: true, force: true });
  });
}

describe('the builds of bootstrap.mjs', function () {
  this.timeout(120_000);
  hasProject();

  it('lets a command go on with the programs that it began with, whatever is compiled meanwhile', async () => {
    const { child, said } = await start();
    await change(2);
    assert.match(run('now').stdout, /began with 2\nloaded from 2\n/);
    child.stdin.end();
    assert.match(await said, /loaded from 1\n$/);
    assert.equal((await builds()).length, 2);
  });

  it('removes a build when nobody uses it, after a kill -9 too, and never the one in use', async () => {
    const { child } = await start();
    const first = await readlink(path.join(base, 'build', 'current'));
    await change(2);
    run('now');
    await change(3);
    run('now');
    assert.deepEqual(
      (await builds()).toSorted(),
      [first, await readlink(path.join(base, 'build', 'current'))].toSorted(),
    );
    child.kill('SIGKILL');
    await once(child, 'close');
    await change(4);
    run('now');
    assert.deepEqual(await builds(), [await readlink(path.join(base, 'build', 'current'))]);
  });

  it('finds the build of sources that are as they were before', async () => {
    run('now');
    const first = await readlink(path.join(base, 'build', 'current'));
    const { child } = await start();
    await change(2);
    run('now');
    await change(1);
    const { stderr } = run('now');
    assert.equal(await readlink(path.join(base, 'build', 'current')), first);
    assert.doesNotMatch(stderr, /compiling/);
    child.kill('SIGKILL');
  });
});

describe('bootstrap.mjs', function () {
  this.timeout(120_000);
  hasProject();

  it('replaces no module under a command that is at work, and says so with exit code 2', async () => {
    await start();
    await utimes(path.join(base, 'package-lock.json'), Date.now(), Date.now() / 1000 + 1000);
    const { status, stderr } = run('now');
    assert.equal(status, 2);
    assert.match(stderr, /package-lock\.json has changed.*Let it end first/s);
  });

  it('says what did not compile, and how to see it again, with exit code 2, and keeps the build there is', async () => {
    run('now');
    const before = await readlink(path.join(base, 'build', 'current'));
    await writeFile(path.join(base, 'src', 'cli.ts'), 'const x: number = "no";');
    const { status, stderr } = run('now');
    assert.equal(status, 2);
    assert.match(stderr, /compiling failed \(exit code 2\)\. To see it again, type in/);
    assert.equal(await readlink(path.join(base, 'build', 'current')), before);
  });

  it('answers for help and version before anything is made, and makes nothing', async () => {
    assert.match(run('wait', '--help').stdout, /^Usage: .*\n\nCommands: wait\n/);
    assert.equal(run('--version').stdout, '7.8.9\n');
    assert.deepEqual(
      (await readdir(base)).filter((name) => name === 'build'),
      [],
    );
  });

  it('takes an exception of the command line itself for a fault of its own: exit code 3, with the stack', async () => {
    await writeFile(path.join(base, 'src', 'cli.ts'), `export const main = () => { throw new TypeError('a bug'); };`);
    const { status, stderr } = run('now');
    assert.equal(status, 3);
    assert.match(stderr, /TypeError: a bug\n +at /);
  });
});
