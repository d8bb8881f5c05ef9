import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPaper } from '../../../src/analysis/paper/build.ts';
import { judgeClaims, type ClaimVerdict } from '../../../src/analysis/paper/claims.ts';
import { handTyped } from '../../../src/analysis/paper/hand-typed.ts';
import { rowOf } from '../../../src/analysis/summary/rows.ts';
import { summarise } from '../../../src/analysis/summary/summarise.ts';
import {
  SYNTHETIC_PLAN,
  SYNTHETIC_SWITCHES,
  syntheticManifest,
  syntheticTrials,
  writeSyntheticCampaign,
  type SyntheticSwitch,
} from '../../../src/bench/synthetic.ts';

const PAPER = fileURLToPath(new URL('../../../paper/', import.meta.url));

describe('a number typed by hand', () => {
  const found = (line: string): number => handTyped(line).length;

  it('is found as digits and as a word', () => {
    for (const line of [
      'It took 5 s.',
      'a gap of 1.2 s',
      'in five trials',
      'half of them leaked',
      'Twelve nodes',
      '#fact("trials.judged") of 20',
    ]) {
      assert.equal(found(line), 1, line);
    }
  });

  it('is neither a name, nor a fact, a figure, a reference or a comment', () => {
    for (const line of [
      'IPv6 and BEP 10 on wg0',
      '#fact("trials.judged2")',
      'as shown @author2020',
      '<figure-2>',
      '// 5 s',
      '= The question',
    ]) {
      assert.equal(found(line), 0, line);
    }
  });

  it('is told by its line', () => assert.deepEqual(handTyped('a\nb 7\nc'), [{ line: 2, text: 'b 7' }]));
});

describe('the manuscript', () => {
  it('ends no fact with a semicolon, which Typst would swallow', async () => {
    for (const file of (await readdir(join(PAPER, 'sections'))).sort()) {
      assert.doesNotMatch(await readFile(join(PAPER, 'sections', file), 'utf8'), /"\);/, file);
    }
  });
});

describe('the paper', function () {
  this.timeout(60_000);
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paper-'));
    await writeSyntheticCampaign(join(folder, 'campaign'), { ...SYNTHETIC_PLAN, trialsPerCell: 6 });
    await cp(PAPER, join(folder, 'paper'), { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const build = (): Promise<Uint8Array> => buildPaper(join(folder, 'paper'), join(folder, 'campaign'));
  const append = async (file: string, text: string): Promise<void> => {
    const path = join(folder, 'paper', file);
    await writeFile(path, `${await readFile(path, 'utf8')}\n${text}\n`);
  };

  it('is built from a campaign, the same bytes each time', async () => {
    const pdf = Buffer.from(await build());
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
    assert.ok(pdf.equals(Buffer.from(await build())));
  });

  it('is refused with a number typed by hand, naming file and line', async () => {
    await append('sections/results.typ', 'The gap was 1.3 s.');
    await assert.rejects(build(), /results\.typ:\d+: a number typed by hand: «The gap was 1\.3 s\.»/);
  });

  it('is refused with a fact that no campaign gives', async () => {
    await append('sections/results.typ', '#fact("client.charm")');
    await assert.rejects(build(), /no fact \\?"client\.charm/);
  });

  it('is built from a campaign of which nothing could be judged', async () => {
    await rm(join(folder, 'campaign', 'trials.jsonl'));
    assert.ok((await build()).length > 1_000);
  });
});

describe('a claim', () => {
  const verdicts = (switches: readonly SyntheticSwitch[], trialsPerCell = 20): Record<string, ClaimVerdict> => {
    const plan = { ...SYNTHETIC_PLAN, switches, trialsPerCell };
    const rows = [...syntheticTrials(plan)].map((record) => rowOf(record));
    const claims = judgeClaims({ rows, summary: summarise(syntheticManifest(plan), rows, []) });
    return Object.fromEntries(claims.map(({ id, verdict }) => [id, verdict]));
  };
  const combined: SyntheticSwitch = { id: 'client-bind+ufw', family: 'combined', leak: 0, gapSeconds: 0 };
  const leakyFirewall: SyntheticSwitch = { id: 'ufw', family: 'firewall', leak: 0.3, gapSeconds: 0.1 };
  const [none, client, app, firewall] = [...SYNTHETIC_SWITCHES];

  it('is undecided without data', () => {
    assert.deepEqual(new Set(Object.values(verdicts([]))), new Set(['undecided']));
  });

  it('is supported or refuted as the data have it', () => {
    const asPlanted = verdicts([none!, client!, app!, firewall!]);
    assert.equal(asPlanted['diverge'], 'supported');
    assert.equal(asPlanted['latency'], 'supported');
    assert.equal(asPlanted['swarm'], 'supported');
    assert.equal(asPlanted['outlive'], 'supported');
    const alike = verdicts([none!, { ...client!, leak: 1, gapSeconds: 5 }, app!]);
    assert.equal(alike['diverge'], 'refuted', '120 of 120 and 120 of 120 are shown to be alike');
    assert.equal(alike['latency'], 'refuted');
    assert.equal(verdicts([none!, { ...client!, leak: 1 }, app!], 2)['diverge'], 'undecided', 'a dozen each are not');
  });

  it('of a polling delay is refuted when the delays are not the model’s', () => {
    assert.equal(verdicts([none!, app!], 60)['polling'], 'supported');
    assert.equal(verdicts([none!, { ...app!, id: 'app-kill(poll=5s)' }])['polling'], 'refuted');
  });

  it('that only the combination held is decided by every family', () => {
    assert.equal(verdicts([none!, client!, app!, leakyFirewall, combined])['combined'], 'supported');
    assert.equal(verdicts([none!, client!, app!, firewall!, combined])['combined'], 'refuted');
    assert.equal(verdicts([none!, client!, { ...combined, leak: 1, gapSeconds: 1 }])['combined'], 'refuted');
    assert.equal(verdicts([none!, client!, app!])['combined'], 'undecided');
    assert.equal(verdicts([{ ...none!, leak: 0 }, client!, combined])['combined'], 'undecided');
  });
});
