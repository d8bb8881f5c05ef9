/**
 * Whole trials in the real lab with a real client: what holds for every trial, whatever leaks.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCapture } from '../../../src/analysis/capture/read-capture.ts';
import { timelineEventSchema } from '../../../src/records/timeline.ts';
import { machineId } from '../../../src/harness/trial/machine.ts';
import { trialRecordSchema, type TrialRecord } from '../../../src/records/trial-record.ts';
import { summarySchema } from '../../../src/analysis/summary/schema.ts';

const BOOTSTRAP = fileURLToPath(new URL('../../../bootstrap.mjs', import.meta.url));

const SCENARIO = `title: An installed client and one of this project's packages, with and without a firewall
hypothesis: For the test
clients: [qbittorrent, webtorrent]
killSwitches: [none, wg-quick-postup, app-kill]
faults: [link-down]
placebo: false
moments: [delay 500ms]
trials: 1
observe: { steady: 30s, outage: 3s, recovery: 3s }
`;

/** qBittorrent's log, and what WebTorrent's program says once it has its torrent. */
const LAST_WORDS = { qbittorrent: /torrent|listening/i, webtorrent: /accepted/ };

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function command(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BOOTSTRAP, ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}

let folder = '';
let ended: Ended = { code: -1, stdout: '', stderr: '' };
let records: TrialRecord[] = [];

function inItsRecords(): void {
  it('ends with exit code 0 and a summary on standard output that is summary.json', async () => {
    assert.equal(ended.code, 0, ended.stderr);
    const printed = summarySchema.parse(JSON.parse(ended.stdout));
    assert.deepEqual(
      printed,
      summarySchema.parse(JSON.parse(await readFile(path.join(folder, 'summary.json'), 'utf8'))),
    );
    assert.equal(printed.trials.recorded, 6);
  });

  it('seals records whose witnesses agree, whose canaries were all seen, and that reached steady state', () => {
    for (const record of records) {
      assert.deepEqual(record.outcome, { status: 'completed' });
      assert.notEqual(record.measures?.verdict, 'inconclusive', record.measures?.reason);
      assert.ok(record.canaries.length > 0 && record.canaries.every(({ seen }) => seen));
      assert.ok(record.instants.steadyNs !== null);
      assert.ok(record.captures.every(({ dropped }) => dropped === 0));
      const seeing = (record.instruments ?? []).filter(({ blind }) => blind === null).map(({ id }) => id);
      assert.deepEqual(seeing.slice(0, 5), ['uplink', 'wan', 'resolver-0', 'swarm', 'neighbour']);
      assert.deepEqual([record.ran?.backend, record.ran?.machine], ['netns', machineId()]);
      assert.match(record.ran?.tunnel ?? '', /^(kernel|wireguard-go)$/);
    }
  });

  it('says how a client ended that was killed in the middle, and what it last wrote', () => {
    const killed = records.filter((record) => record.cell.killSwitch.startsWith('app-kill'));
    for (const [client, lastWords] of Object.entries(LAST_WORDS)) {
      const record = killed.find(({ cell }) => cell.client === client);
      assert.equal(record?.clientExit, 'signal SIGKILL');
      assert.ok(
        record.clientLogTail.some((line) => lastWords.test(line)),
        record.clientLogTail.join('\n'),
      );
    }
    for (const record of records)
      if (!killed.includes(record)) assert.deepEqual([record.clientExit, record.clientLogTail], [null, []]);
  });

  it('leaks in the arm without a kill switch: else nothing here could be seen to leak', () => {
    const none = records.filter((record) => record.cell.killSwitch === 'none');
    assert.equal(none.length, 2);
    for (const { measures } of none) assert.equal(measures?.verdict, 'leak', measures?.reason);
  });
}

function inWhatItKept(): void {
  it('puts the fault between what the capture shows of the tunnel before and after', async () => {
    for (const record of records) {
      const { fault, restored } = record.instants;
      assert.ok(
        fault !== null && restored !== null && fault.beforeNs < fault.afterNs && fault.afterNs < restored.beforeNs,
      );
      const endpoint = record.identity?.endpoint;
      let silent = 0;
      let before = 0;
      await readCapture(
        path.join(folder, 'trials', record.trial, 'uplink.pcapng'),
        BigInt(record.originUnixNs),
        (frame) => {
          const bytes = Buffer.from(frame.view.buffer, frame.view.byteOffset + frame.offset, frame.captured);
          const tunnel = bytes.length > 42 && bytes[23] === 17 && bytes.readUInt16BE(36) === endpoint?.port;
          if (tunnel && frame.atNs < fault.beforeNs) before += 1;
          // Data messages (type 4) cannot be made while the link is down.
          if (tunnel && bytes[42] === 4 && frame.atNs > fault.afterNs + 5e6 && frame.atNs < restored.beforeNs)
            silent += 1;
        },
      );
      assert.ok(before > 0, 'no tunnel traffic before the fault');
      assert.equal(silent, 0, 'the tunnel carried data during the outage');
    }
  });

  it('keeps a timeline that parses line by line and is in order', async () => {
    for (const record of records) {
      const text = await readFile(path.join(folder, 'trials', record.trial, 'timeline.jsonl'), 'utf8');
      const events = text
        .trim()
        .split('\n')
        .map((line) => timelineEventSchema.parse(JSON.parse(line)));
      assert.ok(events.every((event, index) => index === 0 || event.atNs >= (events[index - 1]?.atNs ?? 0)));
      assert.ok(events.some((event) => event.kind === 'fault'));
    }
  });

  it('comes to the same measures when they are computed anew from what was kept', async () => {
    const before = await readFile(path.join(folder, 'summary.json'), 'utf8');
    const again = await command('analyze', folder);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await readFile(path.join(folder, 'summary.json'), 'utf8'), before);
  });

  it('leaves no process and no network namespace behind', async () => {
    const processes = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
    const commands = await Promise.all(
      processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    );
    assert.deepEqual(
      commands.filter((line) => line.includes('wireguard-go\0') && line.includes('wgs0')),
      [],
    );
  });
}

describe('a campaign in the real lab', function () {
  this.timeout(180_000);
  before(async () => {
    const base = await mkdtemp(path.join(tmpdir(), 'ksl-trial-'));
    folder = path.join(base, 'campaign');
    await writeFile(path.join(base, 'mine.yaml'), SCENARIO);
    ended = await command('scenario', path.join(base, 'mine.yaml'), '--out', folder, '--jobs', '2', '--json');
    const lines = (await readFile(path.join(folder, 'trials.jsonl'), 'utf8')).trim().split('\n');
    records = lines.map((line) => trialRecordSchema.parse(JSON.parse(line)));
  });
  after(() => rm(path.dirname(folder), { recursive: true, force: true }));

  describe('in its records', inItsRecords);
  describe('in what it kept', inWhatItKept);
});

describe('a kill switch that acts when its own process ends', function () {
  this.timeout(90_000);
  let base = '';
  before(async () => void (base = await mkdtemp(path.join(tmpdir(), 'ksl-trial-'))));
  after(() => rm(base, { recursive: true, force: true }));

  it('has its trial sealed, though the lab that closes ends that process too', async () => {
    await writeFile(
      path.join(base, 'mine.yaml'),
      SCENARIO.replace(/^clients: .*$/m, 'clients: [qbittorrent]').replace(
        /^killSwitches: .*$/m,
        'killSwitches: [haugene]',
      ),
    );
    const folder = path.join(base, 'campaign');
    const { stderr } = await command('scenario', path.join(base, 'mine.yaml'), '--out', folder);
    const sealed = (await readFile(path.join(folder, 'trials.jsonl'), 'utf8')).trim();
    assert.deepEqual(trialRecordSchema.parse(JSON.parse(sealed)).outcome, { status: 'completed' }, stderr);
  });
});

describe('the scenario command', function () {
  this.timeout(60_000);
  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['no-such'], /No scenario «no-such»\. Known: .*quickstart/],
    [['quickstart', '--client', 'azureus'], /azureus.*Known.*transmission/s],
    [['quickstart', '--switch', 'hope'], /«hope»\. Known: .*wg-quick-postup/],
    [['quickstart', '--fault', 'rain'], /«rain»\. Known: .*link-down/],
    [['quickstart', '--switch', 'app-kill(pol=2s)'], /pol.*poll/],
    [['quickstart', '--trials', '0'], /whole number from 1 to/],
    [['--resume', '/nowhere'], /manifest\.json cannot be read .*name that folder/],
  ];
  for (const [args, says] of wrong) {
    it(`answers «${args.join(' ')}» with exit code 2 and what is known`, async () => {
      const { code, stderr } = await command('scenario', ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    });
  }

  it('lists the scenarios', async () => {
    const { code, stdout } = await command('scenario', '--list');
    assert.equal(code, 0);
    assert.match(stdout, /^quickstart +\S/m);
  });

  it('prints a plan that depends on the seed alone', async () => {
    const plan = async (seed: string): Promise<string> =>
      (await command('scenario', 'quickstart', '--dry-run', '--seed', seed)).stdout;
    assert.equal(await plan('7'), await plan('7'));
    assert.notEqual(await plan('7'), await plan('8'));
    assert.match(await plan('7'), /48 trials, about/);
  });
});
