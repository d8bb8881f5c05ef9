import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveCampaign } from '../../../src/analysis/campaign/derive.ts';
import type { ProblemKind } from '../../../src/analysis/campaign/problems.ts';
import { readCampaign } from '../../../src/analysis/campaign/read-campaign.ts';
import {
  SYNTHETIC_PLAN,
  syntheticTrials,
  writeSyntheticCampaign,
  type SyntheticPlan,
} from '../../../src/bench/synthetic.ts';
import type { TrialRecord } from '../../../src/records/trial-record.ts';
import { RECORDS_VERSION } from '../../../src/records/vocabulary.ts';

const PLAN: SyntheticPlan = { ...SYNTHETIC_PLAN, clients: ['transmission'], faults: ['link-down'], trialsPerCell: 3 };

let folder = '';

const trialsFile = (): string => join(folder, 'trials.jsonl');

const read = async (): Promise<{ trials: TrialRecord[]; problems: ProblemKind[]; words: string }> => {
  const campaign = await readCampaign(folder);
  const trials: TrialRecord[] = [];
  for await (const trial of campaign.trials()) trials.push(trial);
  const problems = campaign.problems();
  return { trials, problems: problems.map(({ kind }) => kind), words: JSON.stringify(problems) };
};

const sound = [...syntheticTrials(PLAN)];

const rewrite = (change: (line: string, index: number) => string): Promise<void> =>
  readFile(trialsFile(), 'utf8').then((text) =>
    writeFile(trialsFile(), `${text.trimEnd().split('\n').map(change).join('\n')}\n`),
  );

/** Writes a sound campaign for each test. */
function hasCampaign(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'campaign-'));
    await writeSyntheticCampaign(folder, PLAN);
  });
  afterEach(() => rm(folder, { recursive: true }));
}

describe('the records that readCampaign gives', () => {
  hasCampaign();

  it('gives back every record as it was sealed', async () => {
    const { trials, problems } = await read();
    assert.deepEqual(trials, sound);
    assert.deepEqual(problems, []);
  });

  it('leaves out a torn last line at whatever byte it was cut, and says so', async () => {
    const whole = await readFile(trialsFile());
    const lastStart = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    for (const cut of [lastStart + 1, lastStart + 40, whole.length - 2]) {
      await writeFile(trialsFile(), whole.subarray(0, cut));
      const { trials, problems, words } = await read();
      assert.deepEqual(trials, sound.slice(0, -1));
      assert.deepEqual(problems, ['torn-last-line']);
      assert.match(words, /line 12/);
    }
  });

  it('uses a last line that is whole but for its newline', async () => {
    await writeFile(trialsFile(), (await readFile(trialsFile(), 'utf8')).trimEnd());
    assert.deepEqual((await read()).problems, []);
  });

  it('refuses a record of a newer version, names its line and uses the others', async () => {
    await rewrite((line, index) => (index === 4 ? line.replace(`"version":${RECORDS_VERSION}`, '"version":99') : line));
    const { trials, problems, words } = await read();
    assert.equal(trials.length, sound.length - 1);
    assert.deepEqual(problems, ['newer-record']);
    assert.match(words, /version 99.*line 5/s);
  });

  it('says which lines are no records, fit no schema, have no upgrade or come twice', async () => {
    const first = (await readFile(trialsFile(), 'utf8')).split('\n')[0]!;
    await rewrite((line, index) => {
      if (index === 1) return 'not json';
      if (index === 2) return line.replace('"repetition":0', '"repetition":"zero"');
      if (index === 3) return line.replace(`"version":${RECORDS_VERSION}`, '"version":0');
      return line;
    });
    await appendFile(trialsFile(), `${first}\n`);
    const { trials, problems, words } = await read();
    assert.equal(trials.length, sound.length - 3);
    assert.deepEqual(problems, ['unreadable-record', 'invalid-record', 'older-record', 'duplicate-trial']);
    assert.match(words, /repetition/);
  });
});

describe('a campaign that lacks something', () => {
  hasCampaign();

  it('says when a capture is missing, and not when it is there', async () => {
    const capture = { name: 'uplink', file: 'uplink.pcapng', packets: 1, dropped: 0 };
    await rewrite((line, index) =>
      index < 2 ? line.replace('"captures":[]', `"captures":[${JSON.stringify(capture)}]`) : line,
    );
    await mkdir(join(folder, 'trials', sound[0]!.trial), { recursive: true });
    await writeFile(join(folder, 'trials', sound[0]!.trial, 'uplink.pcapng'), '');
    const { trials, problems, words } = await read();
    assert.equal(trials.length, sound.length);
    assert.deepEqual(problems, ['missing-capture']);
    assert.ok(words.includes(`${sound[1]!.trial}/uplink.pcapng`) && !words.includes(`${sound[0]!.trial}/`));
  });

  it('reads a campaign that was stopped before its first trial', async () => {
    await rm(trialsFile());
    const { trials, problems } = await read();
    assert.deepEqual(trials, []);
    assert.deepEqual(problems, ['no-trials']);
    const summary = await deriveCampaign(folder);
    assert.ok(summary.cells.every((cell) => cell.leakProbability === null && cell.finding === 'inconclusive'));
  });

  it('refuses a folder without a manifest, with a broken one, or with a newer one, and says what to do', async () => {
    const manifest = join(folder, 'manifest.json');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace(`"version": ${RECORDS_VERSION}`, '"version": 99'));
    await assert.rejects(readCampaign(folder), /version 99.*up to \d+.*newer code/s);
    await writeFile(manifest, text.replace('"seed": 1', '"seed": "one"'));
    await assert.rejects(readCampaign(folder), /seed/);
    await writeFile(manifest, '[]');
    await assert.rejects(readCampaign(folder), /not a manifest/);
    await rm(manifest);
    await assert.rejects(readCampaign(folder), /ENOENT.*npm run scenario/s);
  });
});
