import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deriveCampaign } from '../../../src/analysis/campaign/derive.ts';
import { FIGURES } from '../../../src/analysis/figures/all.ts';
import { summarySchema } from '../../../src/analysis/summary/schema.ts';
import { SYNTHETIC_PLAN, writeSyntheticCampaign } from '../../../src/bench/synthetic.ts';
import { programOutput } from '../../kit/program.ts';

const REGISTER = fileURLToPath(new URL('../../register.mjs', import.meta.url));
const WORKER = fileURLToPath(new URL('../../../src/bench/derive-once.ts', import.meta.url));
const DERIVED = [
  'summary.json',
  'summary.schema.json',
  'trials.csv',
  'trials.parquet',
  'report.html',
  ...FIGURES.flatMap(({ id }) => [join('figures', `${id}.svg`), join('figures', `${id}.png`)]),
];

describe('deriveCampaign', function () {
  this.timeout(120_000);
  let folders: string[] = [];
  const folder = async (prefix: string): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), prefix));
    folders.push(made);
    return made;
  };
  afterEach(async () => {
    for (const made of folders) await rm(made, { recursive: true });
    folders = [];
  });

  it('writes a summary that fits its own schema and counts every trial once', async () => {
    const campaign = await folder('derive-');
    const manifest = await writeSyntheticCampaign(campaign);
    const summary = await deriveCampaign(campaign);
    const written = summarySchema.parse(JSON.parse(await readFile(join(campaign, 'summary.json'), 'utf8')));
    assert.deepEqual(written, summary);
    assert.equal(summary.trials.recorded, manifest.scenario.cells.length * manifest.scenario.trialsPerCell);
    for (const cell of summary.cells) {
      const { leak, noLeak, inconclusive, unsupported } = cell.verdicts;
      assert.equal(leak + noLeak + inconclusive + unsupported, cell.trials);
    }
  });

  it('gives the same bytes in another folder, time zone and locale', async () => {
    const bytes = async (prefix: string, env: Record<string, string>): Promise<Buffer[]> => {
      const campaign = await folder(prefix);
      await writeSyntheticCampaign(campaign, { ...SYNTHETIC_PLAN, trialsPerCell: 2, timelines: true });
      await programOutput([process.execPath, '--import', REGISTER, '--no-warnings', WORKER, campaign], {
        env: { ...process.env, ...env },
      });
      return Promise.all(DERIVED.map((name) => readFile(join(campaign, name))));
    };
    const here = await bytes('a-', { TZ: 'UTC', LC_ALL: 'C' });
    const there = await bytes('another-place-', { TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' });
    DERIVED.forEach((name, index) => assert.ok(here[index]!.equals(there[index]!), name));
  });
});
