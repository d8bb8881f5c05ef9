import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveCampaign } from '../../../src/analysis/campaign/derive.ts';
import { summarySchema } from '../../../src/analysis/summary/schema.ts';
import { writeSyntheticCampaign } from '../../../src/harness/bench/synthetic.ts';

const DERIVED = ['summary.json', 'summary.schema.json', 'trials.csv', 'trials.parquet', 'report.html'];

describe('deriveCampaign', () => {
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

  it('gives the same bytes in another folder and time zone', async () => {
    const zone = process.env['TZ'];
    const bytes = async (timeZone: string, prefix: string): Promise<Buffer[]> => {
      process.env['TZ'] = timeZone;
      const campaign = await folder(prefix);
      await writeSyntheticCampaign(campaign);
      await deriveCampaign(campaign);
      return Promise.all(DERIVED.map((name) => readFile(join(campaign, name))));
    };
    try {
      const here = await bytes('UTC', 'a-');
      const there = await bytes('Pacific/Chatham', 'another-place-');
      DERIVED.forEach((name, index) => assert.ok(here[index]!.equals(there[index]!), name));
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
});
