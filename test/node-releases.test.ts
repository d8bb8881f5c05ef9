/** Every supported release line of Node.js as the one that runs the harness: all of a trial, in both kinds of lab. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { lastingOptions } from '../src/programs/program.ts';
import { trialRecordSchema, type TrialRecord } from '../src/records/trial-record.ts';
import { openTestEngine } from './kit/engine.ts';
import { LINES, installNodes, nodeOf } from './kit/node-releases.ts';
import { programOutput } from './kit/program.ts';
import { Turns } from './kit/turns.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const BOOTSTRAP = path.join(ROOT, 'bootstrap.mjs');
const NATIVE = ['koffi', 'utp-native', 'node-datachannel', '@resvg/resvg-js', '@myriaddreamin/typst-ts-node-compiler'];

/** Two trials, one after the other in one process: its programs go from one lab home and into the next. */
const SCENARIO = `title: A short trial, twice
hypothesis: For the test
clients: [webtorrent]
killSwitches: [none]
faults: [link-down]
placebo: false
moments: [delay 100ms]
trials: 2
observe: { steady: 30s, outage: 1s, recovery: 3s }
`;

const LABS = [
  { where: 'namespaces', lab: 'netns' },
  { where: 'containers', lab: 'docker' },
] as const;
/** Campaigns at once, of one trial at a time: each waits more than it works. */
const AT_ONCE = 2;

/** What bootstrap.mjs says to a Node.js of this version, and how it ends. */
async function saidTo(version: string): Promise<{ code: number; stderr: string }> {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const argv = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, BOOTSTRAP, 'help'];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, (error, _, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr });
    });
  });
}

describe('bootstrap.mjs', () => {
  for (const version of ['18.20.8', '20.18.3', '21.7.3', '23.11.1', '25.9.0']) {
    it(`refuses Node.js ${version} and names what is supported`, async () => {
      const { code, stderr } = await saidTo(version);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`Node\\.js «${version.replaceAll('.', '\\.')}»`));
      assert.match(stderr, /20 \(from 20\.19\), 22, 24, 26/);
    });
  }

  it('takes the release lines that the tests run, and no other', () => {
    const { engines } = z
      .object({ engines: z.object({ node: z.string() }) })
      .parse(JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')));
    assert.deepEqual(
      engines.node.split(' || ').map((term) => /^\^(\d+)/.exec(term)?.[1]),
      [...LINES],
    );
  });
});

describe('a Node.js of every supported release line', function () {
  this.timeout(600_000);

  before(installNodes);

  for (const line of LINES) {
    it(`${line} knows the options that lasting programs are started with`, async () => {
      const node = nodeOf(line);
      const options = lastingOptions(node);
      assert.ok(options.includes('--single-threaded-gc'), options.join());
      await programOutput([node, ...options, '--eval', '0']);
    });

    it(`${line} loads the modules that are compiled for the machine`, async () => {
      const load = `await Promise.all(${JSON.stringify(NATIVE)}.map((name) => import(name)))`;
      await programOutput([nodeOf(line), '--input-type=module', '--eval', load], { cwd: ROOT });
    });
  }

  for (const { where, lab } of LABS)
    describe(`runs trials in ${where}`, () => {
      const turns = new Turns();
      before(async function () {
        if (lab === 'docker') await openTestEngine(this);
        turns.begin(AT_ONCE);
      });
      for (const line of LINES) {
        const done = turns.enter(() => trialsWith(nodeOf(line), lab));
        it(line, async () => {
          assertWhole(await done());
        });
      }
    });
});

async function trialsWith(node: string, lab: (typeof LABS)[number]['lab']): Promise<readonly TrialRecord[]> {
  const base = await mkdtemp(path.join(tmpdir(), 'ksl-node-'));
  try {
    const [scenario, out] = [path.join(base, 'short.yaml'), path.join(base, 'campaign')];
    await writeFile(scenario, SCENARIO);
    await programOutput([node, BOOTSTRAP, 'scenario', scenario, '--lab', lab, '--jobs', '1', '--out', out], {
      env: { ...process.env, PATH: `${path.dirname(node)}:${process.env['PATH'] ?? ''}` },
    });
    const lines = (await readFile(path.join(out, 'trials.jsonl'), 'utf8')).trim().split('\n');
    return lines.map((line) => trialRecordSchema.parse(JSON.parse(line)));
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** Lab, client, injector and recovery: each did its part, in both trials. */
function assertWhole(records: readonly TrialRecord[]): void {
  assert.equal(records.length, 2);
  for (const { outcome, instants, canaries } of records) {
    assert.deepEqual(outcome, { status: 'completed' });
    assert.ok(instants.steadyNs !== null && instants.fault !== null && instants.restored !== null);
    assert.ok(canaries.length > 0 && canaries.every(({ seen }) => seen));
  }
}
