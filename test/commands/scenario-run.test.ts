import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseOptions } from '../../src/commands/scenario-options.ts';
import { freshRun, resumedRun } from '../../src/commands/scenario-run.ts';
import { makeManifest } from '../../src/harness/campaign/manifest.ts';
import { makePlan } from '../../src/harness/campaign/plan.ts';

describe('a resumed campaign', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ksl-resumed-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('finds the compose file of its stack from where the results are', async () => {
    const run = await freshRun('stack', parseOptions(['stack', '--out', folder]).options);
    const manifest = makeManifest(run, makePlan(run.scenario, run.seed), 1, {});
    await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
    const { scenario } = await resumedRun(folder, parseOptions(['--resume', folder]).options);
    assert.equal(scenario.folder, path.resolve(run.scenario.folder));
    assert.ok(existsSync(path.join(scenario.folder, scenario.stack?.file ?? '')));
  });
});
