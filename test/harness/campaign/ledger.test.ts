/** The campaign's folder as the harness writes it: who may, and what becomes of a folder that was damaged. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile, link, mkdir, open, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
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

describe('the ledger of a folder with something strange in it', () => {
  const strange: Readonly<Record<string, (at: string, outside: string) => unknown>> = {
    'a link': (at, outside) => symlink(path.join(outside, 'precious'), at),
    'a hard link': (at, outside) => link(path.join(outside, 'precious'), at),
    'a link to nothing': (at, outside) => symlink(path.join(outside, 'nothing'), at),
    'a FIFO': (at) => spawnSync('mkfifo', [at]),
    'a folder': (at) => mkdir(at),
    'five gigabytes of nothing': async (at) => {
      await using file = await open(at, 'w');
      await file.truncate(5e9);
    },
  };
  for (const [kind, make] of Object.entries(strange)) {
    it(`goes on with no folder that has ${kind} where it reads or writes, and changes nothing outside it`, () =>
      withCampaign(async (folder, opened) => {
        await withFolder(async (outside) => {
          // A torn last line is cut off where the file is the campaign's own.
          for (const name of ['trials.jsonl', 'sessions.jsonl', ...(kind === 'a hard link' ? [] : ['manifest.json'])]) {
            const [at, aside] = [path.join(folder, name), path.join(outside, 'aside')];
            await writeFile(path.join(outside, 'precious'), '{"tor');
            await rename(at, aside).catch(() => undefined);
            await make(at, outside);
            await assert.rejects(opened(), refused(new RegExp(name.replace('.', '\\.'))), name);
            await rm(at, { recursive: true });
            await rename(aside, at).catch(() => undefined);
            assert.equal(await readFile(path.join(outside, 'precious'), 'utf8'), '{"tor');
            assert.deepEqual(await readdir(outside), ['precious']);
          }
        });
      }));
  }
});

describe('what the ledger writes and removes', () => {
  it('writes and removes nothing through a link in place of the folder of trials, or of one trial', () =>
    withCampaign(async (folder, opened) => {
      await withFolder(async (outside) => {
        const trials = path.join(folder, 'trials');
        await mkdir(path.join(outside, '0001', 'inner'), { recursive: true });
        {
          await using ledger = await opened();
          await rm(path.join(trials, '0001'), { recursive: true, force: true });
          await symlink(path.join(outside, '0001'), path.join(trials, '0001'));
          assert.deepEqual(await readdir(await ledger.makeFolder('0001')), []);
          await rm(trials, { recursive: true });
          await symlink(outside, trials);
          for (const work of [ledger.makeFolder('0001'), ledger.removeFolder('0001')]) {
            await assert.rejects(work, refused(/trials is a symbolic link/));
          }
        }
        await assert.rejects(opened(), refused(/trials is a symbolic link/));
        assert.deepEqual(await readdir(path.join(outside, '0001')), ['inner']);
      });
    }));

  it('writes the manifest of a new campaign over nobody’s file', () =>
    withCampaign(async (folder) => {
      await withFolder(async (outside) => {
        const [manifest, precious] = [await readManifest(folder), path.join(outside, 'precious')];
        const fresh = path.join(outside, 'fresh');
        await mkdir(fresh);
        await writeFile(precious, 'mine');
        await symlink(precious, path.join(fresh, 'manifest.json.new'));
        await (await Ledger.open(fresh, manifest))[Symbol.asyncDispose]();
        assert.equal(await readFile(precious, 'utf8'), 'mine');
        assert.deepEqual(await readManifest(fresh), manifest);
      });
    }));

  it('says what is in the way of the results folder itself', () =>
    withCampaign(async (folder) => {
      const manifest = await readManifest(folder);
      await withFolder(async (outside) => {
        const at = path.join(outside, 'results');
        for (const make of [
          () => writeFile(at, ''),
          () => spawnSync('mkfifo', [at]),
          () => symlink(path.join(outside, 'nothing', 'there'), at),
        ]) {
          await make();
          for (const out of [at, path.join(at, 'below')]) {
            await assert.rejects(Ledger.open(out, manifest), refused(/results go into a folder/));
          }
          await rm(at);
        }
      });
    }));
});
