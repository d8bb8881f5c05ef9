/** The campaign's folder as the harness writes it: who may, and what becomes of a folder that was damaged. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SYNTHETIC_PLAN, writeSyntheticCampaign } from '../../../src/bench/synthetic.ts';
import { readManifest } from '../../../src/analysis/campaign/read-campaign.ts';
import { RequestError } from '../../../src/contracts/errors.ts';
import { Ledger } from '../../../src/harness/campaign/ledger.ts';
import { withFolder } from '../../kit/scratch.ts';

const PLAN = { ...SYNTHETIC_PLAN, faults: ['link-down'], trialsPerCell: 2 };

/** A folder with a campaign in it. */
async function withCampaign(use: (folder: string, open: () => Promise<Ledger>) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await writeSyntheticCampaign(folder, PLAN);
    const manifest = await readManifest(folder);
    await use(folder, () => Ledger.open(folder, manifest));
  });
}

const refused = (message: RegExp) => (error: unknown) => error instanceof RequestError && message.test(error.message);

describe('the ledger of a campaign', () => {
  it('lets one harness in at a time, and the next when it has gone', () =>
    withCampaign(async (_, open) => {
      const first = await open();
      await assert.rejects(open(), refused(/is in use/));
      await first[Symbol.asyncDispose]();
      await (await open())[Symbol.asyncDispose]();
    }));

  it('holds its lock against every namespace that sees the folder', () =>
    withCampaign(async (folder, open) => {
      const enter = ['--user', '--map-root-user', '--net', '--pid', '--fork', '--mount-proc'];
      const elsewhere = (): number | null =>
        spawnSync('unshare', [...enter, 'flock', '--exclusive', '--nonblock', folder, 'true']).status;
      {
        await using ledger = await open();
        assert.ok(ledger);
        assert.equal(elsewhere(), 1);
      }
      assert.equal(elsewhere(), 0);
    }));

  it('cuts off a last line that was torn, and nothing else', () =>
    withCampaign(async (folder, open) => {
      const file = path.join(folder, 'trials.jsonl');
      const whole = await readFile(file, 'utf8');
      await appendFile(file, '{"version":1,"tri');
      await using ledger = await open();
      assert.equal(await readFile(file, 'utf8'), whole);
      assert.equal(ledger.earlier.length, whole.trimEnd().split('\n').length);
    }));

  for (const [name, damage] of [
    ['cut', (line: string) => line.slice(0, 40)],
    ['another record', () => '{"version":1}'],
    ['noise', () => '\0\0\0'],
  ] as const) {
    it(`refuses a folder with a damaged line that is not the last (${name}), names it, and changes nothing`, () =>
      withCampaign(async (folder, open) => {
        const file = path.join(folder, 'trials.jsonl');
        const lines = (await readFile(file, 'utf8')).split('\n');
        lines[1] = damage(lines[1] ?? '');
        const damaged = lines.join('\n');
        await writeFile(file, damaged);
        await assert.rejects(open(), refused(/trials\.jsonl is damaged: line 2 .*is run anew/));
        assert.equal(await readFile(file, 'utf8'), damaged);
      }));
  }

  for (const [name, content] of [
    ['empty', ''],
    ['torn', '{"version": 1, "campaign"'],
    ['of another kind', '[]'],
  ] as const) {
    it(`refuses a folder whose manifest is ${name}, and leaves it`, () =>
      withCampaign(async (folder, open) => {
        await writeFile(path.join(folder, 'manifest.json'), content);
        await assert.rejects(open(), refused(/manifest\.json/));
        assert.equal(await readFile(path.join(folder, 'manifest.json'), 'utf8'), content);
      }));
  }
});
