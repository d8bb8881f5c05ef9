/**
 * A campaign that is killed, interrupted, run out of disk and watched, with real trials: nothing sealed is lost, nothing
 * is left over, and what is resumed comes to what an uninterrupted run would have.
 *
 * KSL_CHAOS_KILLS: how often the harness is killed, at any instant and again while it seals (default 4; `npm run chaos` takes 100).
 * KSL_CHAOS_TRIALS: how long the campaign is that it is killed in (`npm run chaos` takes 1,000).
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { deriveCampaign } from '../../../src/analysis/campaign/derive.ts';
import { FIRST_ID } from '../../../src/harness/labs/guest-users.ts';
import { sessionRecordSchema } from '../../../src/records/session.ts';
import { trialRecordSchema, type TrialRecord } from '../../../src/records/trial-record.ts';
import { udpFrame } from '../../../src/probes/ethernet-frame.ts';
import { descendants } from '../../kit/processes.ts';
import { programOutput } from '../../kit/program.ts';
import { Remains } from '../../kit/remains.ts';
import { seededRandom } from '../../kit/seeded.ts';

/** Ids on this machine of the user that clients run as: the machine's nobody, or that of a lab with users of its own. */
const NOBODY = [65_534, FIRST_ID + 65_534];

const BOOTSTRAP = fileURLToPath(new URL('../../../bootstrap.mjs', import.meta.url));
const KILLS = Number(process.env['KSL_CHAOS_KILLS'] ?? 4);
const SEED = Number(process.env['KSL_CHAOS_SEED'] ?? 7);
/** A kill costs the trials under way; between two of them, 12 s at most, no more than eight finish on a fast machine. */
const TRIALS = Number(process.env['KSL_CHAOS_TRIALS'] ?? 12 * KILLS);
/** Few enough that a disturbed trial is rare, in the short form; in the long one as many as the machine takes. */
const JOBS = TRIALS > 100 ? 'auto' : '3';

const SCENARIO = `title: One client with and without a firewall
hypothesis: For the test
clients: [qbittorrent]
killSwitches: [none, wg-quick-postup]
faults: [link-down]
placebo: false
moments: [delay 100ms]
trials: ${Math.ceil(TRIALS / 2)}
observe: { steady: 30s, outage: 1s, recovery: 1s }
`;

/** A harness at work, in a process group of its own. */
class Harness {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; said: string }>;
  #said = '';

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [BOOTSTRAP, 'scenario', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    }
    this.ended = once(this.child, 'close').then(() => ({ code: this.child.exitCode, said: this.#said }));
  }

  get said(): string {
    return this.#said;
  }
}

async function records(folder: string): Promise<TrialRecord[]> {
  const text = await readFile(path.join(folder, 'trials.jsonl'), 'utf8').catch(() => '');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => trialRecordSchema.parse(JSON.parse(line)));
}

/** Resolves when a trial of the campaign writes its sealed captures: at one of the first, by chance. */
function sealing(folder: string, skip: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const watcher = watch(path.join(folder, 'trials'), { recursive: true, signal }, (_, file) => {
      if (file === null || !file.endsWith('.pcapng.partial') || ++seen <= skip) return;
      watcher.close();
      resolve();
    });
  });
}

let folder = '';
const kept: { kill: number; before: string; after: string }[] = [];
let sealingKills = 0;
let last: { code: number | null; said: string } = { code: null, said: '' };

function keepsItsRecords(): void {
  it('is killed as often as was asked for', () => {
    assert.equal(kept.length, 2 * KILLS);
    assert.ok(sealingKills >= KILLS - 1, `${sealingKills} times while captures were sealed`);
  });

  it('loses no record that was sealed', async () => {
    const end = await readFile(path.join(folder, 'trials.jsonl'), 'utf8');
    for (const { kill, before, after } of kept) {
      assert.ok(after.startsWith(before), `kill ${kill} changed what was sealed`);
      const whole = after.slice(0, after.lastIndexOf('\n') + 1);
      assert.ok(end.startsWith(whole), `records sealed before kill ${kill} are gone`);
    }
  });

  it('ends with every planned trial once, and repeats only of disturbed ones', async () => {
    assert.equal(last.code, 0, last.said);
    const all = await records(folder);
    const plan = (await new Harness('--resume', folder, '--dry-run').ended).said.match(/^\d{4}-\S+/gm) ?? [];
    const first = all.filter(({ repeats }) => repeats === null).map(({ trial }) => trial);
    assert.deepEqual(first.toSorted(), plan.toSorted());
    assert.equal(new Set(all.map(({ trial }) => trial)).size, all.length);
    for (const { repeats } of all) if (repeats !== null) assert.ok(first.includes(repeats));
  });

  it('keeps of every sealed trial what its record names, and nothing of others', async () => {
    const all = await records(folder);
    const folders = await readdir(path.join(folder, 'trials'));
    assert.deepEqual(folders.toSorted(), all.map(({ trial }) => trial).toSorted());
    for (const { trial, captures } of all) {
      const files = await readdir(path.join(folder, 'trials', trial));
      for (const { file } of captures) assert.ok(files.includes(file), `${trial} lacks ${file}`);
      assert.deepEqual(
        files.filter((file) => /\.(?:partial|new)$/.test(file)),
        [],
      );
    }
  });

  it('comes to the summary that an uninterrupted run with the same records has', async () => {
    const text = await readFile(path.join(folder, 'trials.jsonl'), 'utf8');
    const straight = path.join(path.dirname(folder), 'straight', 'campaign');
    await mkdir(path.dirname(straight), { recursive: true });
    await cp(folder, straight, { recursive: true });
    const lines = text.trimEnd().split('\n');
    const planned = lines.toSorted((a, b) => (a.slice(a.indexOf('"trial"')) < b.slice(b.indexOf('"trial"')) ? -1 : 1));
    await writeFile(path.join(straight, 'trials.jsonl'), planned.join('\n') + '\n');
    assert.deepEqual(
      await deriveCampaign(straight),
      JSON.parse(await readFile(path.join(folder, 'summary.json'), 'utf8')),
    );
  });

  it('tells each session in words, the killed ones by their missing end', async () => {
    const lines = (await readFile(path.join(folder, 'sessions.jsonl'), 'utf8')).trimEnd().split('\n');
    const sessions = lines.map((line) => sessionRecordSchema.parse(JSON.parse(line)));
    const started = sessions.filter(({ event }) => event === 'started').length;
    const ended = sessions.flatMap((session) => (session.event === 'ended' ? [session] : []));
    assert.ok(started >= ended.length && started <= kept.length + 1);
    assert.equal(ended.at(-1)?.how, 'finished');
    // Watching the machine's own interfaces takes root.
    const seen = process.getuid?.() === 0 ? 0 : undefined;
    assert.ok(
      ended.every(({ escaped }) => escaped?.frames === seen),
      JSON.stringify(ended),
    );
  });
}

describe('a campaign that is killed again and again', function () {
  this.timeout(180_000 + KILLS * 30_000 + TRIALS * 5_000);
  let base = '';
  before(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'ksl-chaos-'));
    folder = path.join(base, 'campaign');
    await writeFile(path.join(base, 'mine.yaml'), SCENARIO);
    const random = seededRandom(SEED);
    for (let kill = 0; kill < 2 * KILLS; kill++) {
      // A harness that was killed at its very start has left no campaign to go on with.
      const begun = existsSync(path.join(folder, 'manifest.json'));
      const args = begun ? ['--resume', folder] : [path.join(base, 'mine.yaml'), '--out', folder];
      const harness = new Harness(...args, '--jobs', JOBS);
      // Every other time while captures are sealed; else from the first start-up steps to well into the second round of
      // trials.
      const watched = new AbortController();
      const isSealing = existsSync(path.join(folder, 'trials')) && kill % 2 === 1;
      const instant = isSealing
        ? sealing(folder, Math.floor(random() * 6), watched.signal).then(() => (sealingKills += 1))
        : pause(300 + random() * 12_000);
      const end = await Promise.race([harness.ended, instant.then(() => null)]);
      watched.abort();
      if (end !== null) {
        assert.equal(end.code, 0, end.said);
        break; // Nothing is left to kill.
      }
      const remains = await Remains.of(harness.child.pid ?? 0);
      const before = await readFile(path.join(folder, 'trials.jsonl'), 'utf8').catch(() => '');
      harness.child.kill('SIGKILL');
      await remains.assertGone(5);
      await harness.ended;
      kept.push({ kill, before, after: await readFile(path.join(folder, 'trials.jsonl'), 'utf8').catch(() => '') });
    }
    last = await new Harness('--resume', folder).ended;
  });
  after(() => rm(base, { recursive: true, force: true }));

  describe('in its records', keepsItsRecords);
});

describe('a campaign that is interrupted', function () {
  this.timeout(120_000);
  let base = '';
  before(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'ksl-stop-'));
    await writeFile(path.join(base, 'mine.yaml'), SCENARIO);
  });
  after(() => rm(base, { recursive: true, force: true }));

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`ends with exit code 130 on ${signal}, keeps what is sealed and says how to go on`, async () => {
      const folder = path.join(base, signal);
      const harness = new Harness(path.join(base, 'mine.yaml'), '--out', folder, '--jobs', '2', '--trials', '2');
      while ((await records(folder)).length === 0) {
        assert.equal(harness.child.exitCode, null, harness.said);
        await pause(50);
      }
      const remains = await Remains.of(harness.child.pid ?? 0);
      assert.ok(remains.namespaces > 0, 'the trial under way has no namespace of its own');
      harness.child.kill(signal);
      await remains.assertGone(5, harness.child.pid);
      const { code, said } = await harness.ended;
      assert.equal(code, 130, said);
      assert.match(said, /--resume/);
      const sealed = (await records(folder)).length;
      assert.ok(sealed >= 1 && sealed < 4);
      assert.equal((await readdir(path.join(folder, 'trials'))).length, sealed, 'a trial under way left its folder');
      assert.ok(existsSync(path.join(folder, 'report.html')), 'no report was written');
      const last = (await readFile(path.join(folder, 'sessions.jsonl'), 'utf8')).trimEnd().split('\n').at(-1) ?? '';
      assert.match(last, /"event":"ended".*"how":"interrupted"/);
    });
  }

  it('runs its clients as nobody, shows them no home, and listens on nothing outside the labs', async () => {
    const harness = new Harness(path.join(base, 'mine.yaml'), '--out', path.join(base, 'guarded'), '--jobs', '2');
    const clients = async (): Promise<number[]> => {
      const pids = [...(await descendants(harness.child.pid ?? 0)).keys()];
      const owners = await Promise.all(pids.map((pid) => stat(`/proc/${pid}`).catch(() => null)));
      return pids.filter((_, index) => NOBODY.includes(owners[index]?.uid ?? 0));
    };
    while ((await clients()).length < 2) {
      assert.equal(harness.child.exitCode, null, harness.said);
      await pause(20);
    }
    for (const pid of await clients()) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      assert.match(status, /^Uid:\s+(\d+)\s+\1\s+\1\s+\1$/m);
      assert.ok(NOBODY.includes(Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])), status);
      assert.match(status, /^CapEff:\s+0+$/m);
      for (const home of ['home', 'root']) assert.deepEqual(await readdir(`/proc/${pid}/root/${home}`), []);
    }
    const listening = (
      await Promise.all(['tcp', 'tcp6', 'udp', 'udp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')))
    )
      .flatMap((table) => table.trimEnd().split('\n').slice(1))
      .flatMap((line) => line.trim().split(/\s+/)[9] ?? []);
    const outside = await readlink('/proc/self/ns/net');
    for (const pid of [harness.child.pid ?? 0, ...(await descendants(harness.child.pid ?? 0)).keys()]) {
      if ((await readlink(`/proc/${pid}/ns/net`).catch(() => '')) !== outside) continue;
      for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
        const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
        assert.ok(!listening.some((inode) => target === `socket:[${inode}]`), `process ${pid} has ${target} outside`);
      }
    }
    harness.child.kill('SIGINT');
    assert.equal((await harness.ended).code, 130);
  });

  it('lets no second harness into its folder', async () => {
    const folder = path.join(base, 'shared');
    const harness = new Harness(path.join(base, 'mine.yaml'), '--out', folder, '--jobs', '1', '--trials', '1');
    while (!harness.said.includes('results in')) await once(harness.child.stderr ?? harness.child, 'data');
    while ((await readFile(path.join(folder, 'sessions.jsonl'), 'utf8').catch(() => '')) === '') await pause(20);
    const second = await new Harness('--resume', folder).ended;
    assert.equal(second.code, 2);
    assert.match(second.said, /in use/);
    harness.child.kill('SIGKILL');
    await harness.ended;
  });
});

describe('a campaign from which a frame escapes', function () {
  this.timeout(120_000);
  let base = '';
  before(async function () {
    if (process.getuid?.() !== 0) this.skip(); // the watch takes root
    base = await mkdtemp(path.join(tmpdir(), 'ksl-escape-'));
    await writeFile(path.join(base, 'mine.yaml'), SCENARIO);
  });
  after(() => rm(base, { recursive: true, force: true }));

  it('is stopped by a single one, fails with exit code 2, and says so ever after', async () => {
    const folder = path.join(base, 'campaign');
    // In a network namespace that stands for the machine: other campaigns on this one are not to be stopped.
    const machine = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
    machine.stdin.write('\n');
    await once(machine.stdout, 'data');
    const inMachine = ['--net', '--target', String(machine.pid), '--'];
    await programOutput(['nsenter', ...inMachine, 'ip', 'link', 'set', 'lo', 'up']);
    const scenario = [process.execPath, BOOTSTRAP, 'scenario', path.join(base, 'mine.yaml'), '--out', folder];
    const harness = spawn('nsenter', [...inMachine, ...scenario, '--jobs', '2'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    harness.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(harness, 'close');
    while ((await records(folder)).length === 0) {
      assert.equal(harness.exitCode, null, said);
      await pause(50);
    }
    const frame = udpFrame({
      sourceMac: '02:00:00:00:00:01',
      destinationMac: '02:00:00:00:00:02',
      source: { address: '203.0.113.2', port: 51413 },
      destination: { address: '192.0.2.77', port: 6881 },
      payload: Buffer.from('x'),
    });
    await programOutput(['nsenter', ...inMachine, 'socat', '-u', 'STDIN', 'INTERFACE:lo'], { input: frame });
    await ended;
    machine.stdin.end();
    assert.equal(harness.exitCode, 2, said);
    assert.match(said, /seen outside the labs.*203\.0\.113\.2\.51413/);
    const { problems } = await deriveCampaign(folder);
    assert.ok(problems.some(({ kind, places }) => kind === 'escaped-frame' && places[0]?.includes('203.0.113.2')));
  });
});

describe('a campaign on a disk that runs full', function () {
  this.timeout(120_000);
  let base = '';
  before(async function () {
    if (process.getuid?.() !== 0) this.skip(); // a small disk of its own takes a mount
    base = await mkdtemp(path.join(tmpdir(), 'ksl-full-'));
    await writeFile(path.join(base, 'mine.yaml'), SCENARIO);
    await mkdir(path.join(base, 'disk'));
    await programOutput(['mount', '-t', 'tmpfs', '-o', 'size=160k', 'tmpfs', path.join(base, 'disk')]);
  });
  after(async () => {
    if (base === '') return;
    await programOutput(['umount', path.join(base, 'disk')]);
    await rm(base, { recursive: true, force: true });
  });

  it('stops with exit code 2, fails no trial for it, and goes on when there is room', async () => {
    const folder = path.join(base, 'disk', 'campaign');
    const full = await new Harness(path.join(base, 'mine.yaml'), '--out', folder, '--jobs', '2', '--trials', '2').ended;
    assert.equal(full.code, 2, full.said);
    assert.match(full.said, /takes no more \(.*ENOSPC.*make room.*--resume/s);
    const before = await records(folder);
    assert.ok(before.length < 4);
    assert.ok(
      before.every(({ outcome }) => outcome.status === 'completed'),
      JSON.stringify(before.map((r) => r.outcome)),
    );
    await programOutput(['mount', '-o', 'remount,size=64m', path.join(base, 'disk')]);
    const rest = await new Harness('--resume', folder, '--jobs', '2').ended;
    assert.equal(rest.code, 0, rest.said);
    const all = await records(folder);
    assert.deepEqual(all.slice(0, before.length), before);
    assert.equal(all.filter(({ repeats }) => repeats === null).length, 4);
  });
});

describe('a campaign without a single verdict', function () {
  this.timeout(180_000);
  let base = '';

  before(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'ksl-nothing-'));
    await writeFile(path.join(base, 'mine.yaml'), SCENARIO.replace('steady: 30s', 'steady: 1ms'));
  });
  after(() => rm(base, { recursive: true, force: true }));

  it('is kept, says that it measured nothing and ends with exit code 2', async () => {
    const folder = path.join(base, 'campaign');
    const { code, said } = await new Harness(path.join(base, 'mine.yaml'), '--out', folder, '--trials', '1').ended;
    assert.equal(code, 2, said);
    assert.match(said, /measured nothing/);
    const outcomes = (await records(folder)).map(({ outcome }) => outcome.status);
    assert.deepEqual(outcomes, ['failed', 'failed']);
  });
});
