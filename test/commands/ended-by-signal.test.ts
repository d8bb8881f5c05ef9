/** Commands that have nothing to finish, asked to end in the middle of their work. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeSyntheticCampaign } from '../../src/bench/synthetic.ts';
import { BOOTSTRAP, commandLine } from '../kit/command-line.ts';
import { programOutput } from '../kit/program.ts';
import { Remains } from '../kit/remains.ts';

describe('a benchmark that is asked to end', function () {
  this.timeout(120_000);
  let base = '';
  beforeEach(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'ksl-signal-'));
    await mkdir(path.join(base, 'tmp'));
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`ends with exit code 130 on ${signal}, and its folder and its workers with it`, async () => {
      const scratch = path.join(base, 'tmp');
      const child = spawn(process.execPath, [BOOTSTRAP, 'bench', 'derivation'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, TMPDIR: scratch },
      });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const exited = once(child, 'close');
      const changed = watch(scratch);
      await Promise.race([once(changed, 'change'), exited]);
      changed.close();
      const [folder = ''] = await readdir(scratch);
      assert.match(folder, /^derivation-/);
      const remains = await Remains.of(child.pid ?? 0);
      child.kill(signal);
      await exited;
      assert.equal(child.exitCode, 130, said);
      await remains.assertGone(5);
      assert.deepEqual(await readdir(scratch), []);
    });
  }
});

describe('a paper that is asked to end while it is built', function () {
  this.timeout(120_000);
  let base = '';
  // Whatever has to be compiled is, before anything is looked at.
  before(() => void commandLine('help'));
  beforeEach(async () => void (base = await mkdtemp(path.join(tmpdir(), 'ksl-signal-'))));
  afterEach(() => rm(base, { recursive: true, force: true }));

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`ends with exit code 130 on ${signal}, says so and writes nothing`, async () => {
      const [campaign, source, made] = ['campaign', 'source', 'made'].map((name) => path.join(base, name));
      for (const folder of [campaign, source, made]) await mkdir(folder ?? '');
      await writeSyntheticCampaign(campaign ?? '');
      // A chapter that is a pipe: whoever opens it to write waits until it is being read.
      const chapter = path.join(source ?? '', 'main.typ');
      await programOutput(['mkfifo', chapter]);
      const argv = ['paper', campaign ?? '', '--source', source ?? '', '--out', path.join(made ?? '', 'paper.pdf')];
      const child = spawn(process.execPath, [BOOTSTRAP, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const exited = once(child, 'close');
      const writer = await open(chapter, 'w');
      const remains = await Remains.of(child.pid ?? 0);
      child.kill(signal);
      await once(child.stderr, 'data');
      // Node.js waits for a read that is under way, and the kernel for what writes.
      await writer.close();
      await exited;
      assert.equal(child.exitCode, 130, said);
      assert.match(said, /killswitch-lab: interrupted\n$/);
      await remains.assertGone(5);
      assert.deepEqual(await readdir(made ?? ''), []);
    });
  }
});
