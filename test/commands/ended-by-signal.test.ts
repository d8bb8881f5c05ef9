/** Commands that have nothing to finish, asked to end in the middle of their work. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BOOTSTRAP } from '../kit/command-line.ts';
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
