/**
 * A derivation that is killed at any of its writes, and one that is asked to end: what was derived is whole or absent,
 * nothing sealed is touched, and the next derivation leaves nothing of the killed ones.
 *
 * KSL_CHAOS_KILLS: how often it is killed (default 4; `npm run chaos` takes 100).
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SYNTHETIC_PLAN, writeSyntheticCampaign } from '../../../src/bench/synthetic.ts';
import { BOOTSTRAP, commandLine } from '../../kit/command-line.ts';
import { seededRandom } from '../../kit/seeded.ts';

const KILLS = Number(process.env['KSL_CHAOS_KILLS'] ?? 4);
const SEED = Number(process.env['KSL_CHAOS_SEED'] ?? 7);
const PLAN = { ...SYNTHETIC_PLAN, clients: ['transmission'], faults: ['link-down'], trialsPerCell: 2 };

/** Content of every file below the folder, by its path there. */
async function filesOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const read = files.sort().map(async (file): Promise<[string, string]> => {
    return [path.relative(folder, file), (await readFile(file)).toString('base64')];
  });
  return new Map(await Promise.all(read));
}

/** Starts a derivation and sends the signal at its n-th change in the folder; gives how it ended. */
async function ended(folder: string, signal: NodeJS.Signals, at: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [BOOTSTRAP, 'analyze', '--sealed', folder], { stdio: 'ignore' });
  let seen = 0;
  const onChange = (): void => {
    if (++seen === at) child.kill(signal);
  };
  const watchers = [folder, path.join(folder, 'figures')].map((each) => watch(each, onChange));
  try {
    await once(child, 'exit');
  } finally {
    for (const each of watchers) each.close();
  }
  return child;
}

describe('a derivation', function () {
  this.timeout(120_000 + KILLS * 20_000);
  let base = '';
  let folder = '';
  let sealed = new Map<string, string>();
  let whole = new Map<string, string>();
  let changes = 0;

  before(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'ksl-derived-'));
    folder = path.join(base, 'campaign');
    await mkdir(path.join(folder, 'figures'), { recursive: true });
    await writeSyntheticCampaign(folder, PLAN);
    sealed = await filesOf(folder);
    const { code, err } = commandLine('analyze', '--sealed', folder);
    assert.equal(code, 0, err);
    whole = await filesOf(folder);
    // Each file is made aside, written, and renamed.
    changes = 3 * (whole.size - sealed.size);
  });
  after(() => rm(base, { recursive: true, force: true }));

  beforeEach(async () => {
    for (const file of whole.keys()) if (!sealed.has(file)) await rm(path.join(folder, file), { force: true });
  });

  /** Everything but what a killed process had aside is as sealed, or as derived without a disturbance. */
  const assertWhole = async (isAside: (file: string) => boolean): Promise<void> => {
    const files = await filesOf(folder);
    for (const [file, content] of files) if (!isAside(file)) assert.equal(content, whole.get(file), file);
    for (const file of sealed.keys()) assert.ok(files.has(file), `${file} is gone`);
  };

  it('killed again and again leaves every file whole or absent, and its successor leaves nothing of it', async () => {
    const random = seededRandom(SEED);
    let killed = 0;
    while (killed < KILLS) {
      const { signalCode } = await ended(folder, 'SIGKILL', 1 + Math.floor(random() * changes));
      if (signalCode === 'SIGKILL') killed += 1;
      await assertWhole((file) => file.endsWith('.new'));
    }
    const { code, err } = commandLine('analyze', '--sealed', folder);
    assert.equal(code, 0, err);
    assert.deepEqual(await filesOf(folder), whole);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`ends with exit code 130 on ${signal} and leaves nothing that is not whole`, async () => {
      assert.equal((await ended(folder, signal, Math.floor(changes / 2))).exitCode, 130);
      await assertWhole(() => false);
    });
  }
});
