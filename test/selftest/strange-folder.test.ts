/** A folder given to the kinds of scenario that are no plain campaign: nothing in it leads out of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RequestError } from '../../src/contracts/errors.ts';
import { makePlan } from '../../src/harness/campaign/plan.ts';
import { loadScenario } from '../../src/harness/campaign/scenario.ts';
import { lockFolder } from '../../src/harness/campaign/folder-lock.ts';
import { runSelftest } from '../../src/selftest/run.ts';
import { withFolder } from '../kit/scratch.ts';
import { spoken } from '../kit/spoken.ts';

describe('the folder of a self-test', () => {
  const run = async (folder: string): Promise<unknown> => {
    const { trials } = makePlan(await loadScenario('selftest'), 1);
    return runSelftest({ folder, trials, jobs: 1, say: () => undefined, signal: new AbortController().signal });
  };
  const refused = (message: RegExp) => (error: unknown) => error instanceof RequestError && message.test(error.message);

  it('with a link for its trials is refused, and what it leads to stays', () =>
    withFolder(async (folder) => {
      const outside = path.join(folder, 'outside');
      const { trials } = makePlan(await loadScenario('selftest'), 1);
      for (const { trial } of trials) await mkdir(path.join(outside, trial, 'inner'), { recursive: true });
      await mkdir(path.join(folder, 'run'));
      await symlink(outside, path.join(folder, 'run', 'trials'));
      await assert.rejects(run(path.join(folder, 'run')), refused(/trials is a symbolic link/));
      for (const { trial } of trials) assert.deepEqual(await readdir(path.join(outside, trial)), ['inner']);
    }));

  it('with a file or a FIFO for it, or for its trials, is refused in words', () =>
    withFolder(async (folder) => {
      const run1 = path.join(folder, 'run');
      await mkdir(run1);
      for (const at of [path.join(folder, 'itself'), path.join(run1, 'trials')]) {
        await writeFile(at, '');
        await assert.rejects(run(at.endsWith('trials') ? run1 : at), refused(/is a file/));
        spawnSync('rm', [at]);
        spawnSync('mkfifo', [at]);
        await assert.rejects(run(at.endsWith('trials') ? run1 : at), refused(/is a FIFO/));
        spawnSync('rm', [at]);
      }
    }));

  it('is one self-test’s at a time', () =>
    withFolder(async (folder) => {
      await using lock = await lockFolder(folder);
      assert.ok(lock);
      await assert.rejects(run(folder), refused(/is in use/));
    }));
});

describe('the folder of several campaigns', function () {
  this.timeout(60_000);

  for (const [kind, part] of [
    ['agreement', 'netns'],
    ['concurrency', 'one-at-a-time'],
  ] as const) {
    it(`of ${kind}, with a link for one of them, is refused, and nothing is written where it leads`, () =>
      withFolder(async (folder) => {
        const [outside, results] = [path.join(folder, 'outside'), path.join(folder, 'results')];
        for (const each of [outside, results]) await mkdir(each);
        await symlink(outside, path.join(results, part));
        const { code, err } = await spoken('scenario', kind, '--out', results);
        assert.equal(code, 2, err);
        assert.match(err, new RegExp(`${part} is a symbolic link`));
        assert.deepEqual(await readdir(outside), []);
      }));
  }
});
