/**
 * A process that runs trials as the harness sees it: played by programs that do what it should not, and the real one with
 * real trials, one after the other.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { trialSpecSchema, type TrialSpec } from '../../../src/harness/trial/spec.ts';
import { NoRoom, TrialProcess, workerArgv } from '../../../src/harness/campaign/trial-process.ts';
import { descendants } from '../../kit/processes.ts';
import { testCell } from '../../kit/cells.ts';

const REGISTER = `--import=${fileURLToPath(new URL('../../register.mjs', import.meta.url))}`;
const FULL_DISK = fileURLToPath(new URL('../../kit/full-disk-program.ts', import.meta.url));

const SPEC = trialSpecSchema.parse({
  trial: '0001',
  folder: '/nonexistent',
  cell: testCell({ client: 'qbittorrent', moment: 'delay 1s' }),
  repetition: 0,
  attempt: 0,
  repeats: null,
  seed: 1,
  order: ['switch', 'tunnel', 'client'],
  observe: { steady: 1, outage: 1, recovery: 1 },
  features: { dht: 'on', pex: 'on', lsd: 'on', portMapping: 'on', utp: 'on', encryption: 'default' },
  torrent: { trackers: ['http'], magnet: false, interval: 600 },
  marked: false,
});

async function outcomeOf(program: string, limitSeconds?: number): Promise<unknown> {
  const argv = [process.execPath, '-e', program] as const;
  const { signal } = new AbortController();
  const task = { spec: SPEC, containers: null };
  return (await new TrialProcess(argv).run(task, () => undefined, signal, limitSeconds))?.outcome;
}

describe('the process of a trial', () => {
  it('is killed when it has no record in time, and its record says where it was', async () => {
    const stuck = "process.send({ type: 'stage', stage: 'fault' }); setInterval(() => undefined, 1000)";
    assert.deepEqual(await outcomeOf(stuck, 1), {
      status: 'failed',
      stage: 'fault',
      reason: 'the trial had not ended after 1 s and was killed',
    });
  });

  it('that dies leaves a record with its last words', async () => {
    const outcome = await outcomeOf("console.error('the last words'); process.exit(3)");
    assert.deepEqual(outcome, {
      status: 'failed',
      stage: 'process',
      reason: "the trial's process ended with exit code 3: the last words",
    });
  });
});

describe('whatever a process does with its trials', function () {
  this.timeout(20_000);

  for (const code of ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']) {
    it(`${code} on writing is a matter of the disk and no trial that failed`, async () => {
      const stages: string[] = [];
      const running = new TrialProcess([process.execPath, '--no-warnings', REGISTER, FULL_DISK, code]);
      const { signal } = new AbortController();
      const run = running.run({ spec: SPEC, containers: null }, (stage) => stages.push(stage), signal);
      await assert.rejects(run, (error) => error instanceof NoRoom && error.message === 'the write failed');
      assert.deepEqual(stages, ['sealing']);
    });
  }

  it('it answers as every other one does', async () => {
    for (const worker of ['harness/trial/worker.ts', 'selftest/selftest-worker.ts']) {
      assert.match(
        await readFile(new URL(`../../../src/${worker}`, import.meta.url), 'utf8'),
        /^serveTrials\(/m,
        worker,
      );
    }
  });
});

/** What a process was started as, its interpreter and that one's options left out. */
async function commandOf(pid: number): Promise<string> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter((word) => word !== '');
  return words
    .filter((word) => word !== process.execPath && !word.startsWith('--'))
    .map((word) => path.basename(word))
    .join(' ');
}

const LENT = ['injector.js', 'neighbour-program.js', 'swarm-program.js'];

describe('a process that runs trial after trial', function () {
  this.timeout(120_000);
  let base = '';
  let running: TrialProcess;

  before(async function () {
    if (process.getuid?.() !== 0) this.skip(); // looking into its namespaces takes root
    base = await mkdtemp(path.join(tmpdir(), 'ksl-process-'));
    running = new TrialProcess(workerArgv('netns'));
  });
  after(async () => {
    await running.end();
    await rm(base, { recursive: true, force: true });
  });

  const run = async (trial: string, observe: Partial<TrialSpec['observe']> = {}) => {
    const spec = {
      ...SPEC,
      trial,
      folder: path.join(base, trial),
      observe: { ...SPEC.observe, steady: 30, ...observe },
    };
    const record = await running.run({ spec, containers: null }, () => undefined, new AbortController().signal);
    assert.ok(record !== null);
    return record;
  };
  /** The processes in its PID namespace, by what they were started as: one of this test's own may be called the same. */
  const inside = async (): Promise<(readonly [name: string, pid: number])[]> => {
    const own = await readlink('/proc/self/ns/pid');
    const found = [...(await descendants(process.pid))].filter(([, namespace]) => namespace !== own);
    return Promise.all(found.map(async ([pid]) => [await commandOf(pid), pid] as const));
  };
  /** Gives those beside itself and the init. */
  const others = async (): Promise<Map<string, number>> =>
    new Map((await inside()).filter(([name]) => name !== 'worker.js' && !name.startsWith('sh -c ')));
  const workerPid = async (): Promise<number> => {
    const worker = (await inside()).find(([name]) => name === 'worker.js');
    assert.ok(worker !== undefined, 'no process runs trials');
    return worker[1];
  };

  it('keeps of a trial nothing but the programs that wait for the next', async () => {
    assert.deepEqual((await run('0001')).outcome, { status: 'completed' });
    assert.ok(running.waits);
    assert.deepEqual([...(await others()).keys()].toSorted(), LENT);
  });

  it('has them back from the lab: in a network that has no link of a host', async () => {
    const waiting = [...(await others()).values(), await workerPid()];
    for (const each of waiting) {
      const links = await readFile(`/proc/${each}/net/dev`, 'utf8');
      const names = [...links.matchAll(/^ *(\S+):/gm)].map(([, name]) => name);
      assert.deepEqual(names, ['lo'], `process ${each}`);
    }
  });

  it('gives the same programs to the next trial, which come home from it, and a new one for one that has died', async () => {
    const before = await others();
    const homeOf = (pid: number | undefined): Promise<string[]> =>
      Promise.all(['net', 'mnt'].map((kind) => readlink(`/proc/${pid}/ns/${kind}`)));
    const home = await homeOf(before.get('neighbour-program.js'));
    const swarm = before.get('swarm-program.js');
    assert.ok(swarm !== undefined);
    process.kill(swarm, 'SIGKILL');
    const record = await run('0002');
    assert.deepEqual(record.outcome, { status: 'completed' });
    assert.ok(record.canaries.every(({ seen }) => seen));
    const after = await others();
    assert.deepEqual([...after.keys()].toSorted(), LENT);
    assert.notEqual(after.get('swarm-program.js'), before.get('swarm-program.js'));
    assert.equal(after.get('neighbour-program.js'), before.get('neighbour-program.js'));
    assert.deepEqual(await homeOf(after.get('neighbour-program.js')), home);
  });

  it('ends, and everything of it, after a trial that failed', async () => {
    const { outcome } = await run('0003', { steady: 0.001 });
    assert.equal(outcome.status, 'failed');
    assert.ok(!running.waits);
    assert.equal((await others()).size, 0);
  });
});
