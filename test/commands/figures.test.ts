import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIGURES } from '../../src/analysis/figures/all.ts';
import { EXIT } from '../../src/contracts/errors.ts';
import { spoken } from '../kit/spoken.ts';
import { RECORDS, writeStrangeCampaign } from '../kit/strange-campaign.ts';

const JUDGED = RECORDS.find(({ instants }) => instants.fault !== null);

describe('npm run figures', function () {
  this.timeout(60_000);
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ksl-figures-'));
    await writeStrangeCampaign(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('draws every figure that has something to show, as SVG and PNG, and names each', async () => {
    const { code, out, err } = await spoken('figures', folder);
    assert.equal(code, EXIT.done, err);
    const drawn = await readdir(join(folder, 'figures'));
    const named = out.trimEnd().split('\n');
    assert.ok(named.length > 0 && named.length <= FIGURES.length);
    assert.deepEqual(
      named.flatMap((line) => ['.svg', '.png'].map((kind) => line.replace('.svg and .png', kind))).sort(),
      drawn.map((name) => join(folder, 'figures', name)).sort(),
    );
  });

  it('draws the timeline of a trial where it is told to, and leaves the campaign alone', async () => {
    const trial = JUDGED?.trial ?? '';
    const before = await readdir(folder);
    const { code, err } = await spoken('figures', folder, '--trial', trial, '--out', join(folder, 'elsewhere'));
    assert.equal(code, EXIT.done, err);
    const drawn = (await readdir(join(folder, 'elsewhere'))).sort();
    assert.deepEqual(drawn, [`timeline-${trial}.png`, `timeline-${trial}.svg`]);
    assert.deepEqual(await readdir(folder), [...before, 'elsewhere'].sort());
  });

  it('refuses a trial that there is none of, and says where those are listed', async () => {
    const { code, err } = await spoken('figures', folder, '--trial', 'nobody');
    assert.equal(code, EXIT.cannotRun);
    assert.match(err, /has no trial nobody: trials\.csv lists those there are/);
  });
});
