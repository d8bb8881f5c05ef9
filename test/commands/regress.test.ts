import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, exitOf, messageOf } from '../../src/contracts/errors.ts';
import { regressCommand } from '../../src/commands/regress.ts';
import { SYNTHETIC_PLAN, SYNTHETIC_SWITCHES, writeSyntheticCampaign } from '../../src/bench/synthetic.ts';
import { caught, type Spoken } from '../kit/spoken.ts';

const PLAN = { ...SYNTHETIC_PLAN, faults: ['link-down'], trialsPerCell: 12 };

const regress = (...argv: readonly string[]): Promise<Spoken> => caught(() => regressCommand(argv));

describe('npm run regress', () => {
  let folder = '';
  let baseline = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'regress-'));
    baseline = join(folder, 'baseline.json');
    await writeSyntheticCampaign(folder, PLAN);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('sets a baseline with a reason and a date, says what changed, and holds a re-run against it', async () => {
    const first = await regress(folder, '--baseline', baseline, '--update', '--reason', 'the first');
    assert.equal(first.code, 0);
    assert.match(first.out, /transmission \/ none .*leaked.*\(new\)/);
    const written = await readFile(baseline, 'utf8');
    assert.match(written, /"reason": "the first"/);
    assert.match(written, /"date": "2025-01-01T00:00:00.000Z"/);
    await writeSyntheticCampaign(folder, { ...PLAN, seed: 2 });
    const held = await regress(folder, '--baseline', baseline);
    assert.equal(held.code, 0, held.out);
    assert.match(held.out, /^## Kill-switch gate: held/);
    assert.equal(await readFile(join(folder, 'regress.md'), 'utf8'), held.out);
    const again = await regress(folder, '--baseline', baseline, '--update', '--reason', 'again');
    assert.match(again.out, /\(was \d+ of \d+ leaked/);
  });

  it('fails on a planted regression, in Markdown and in JUnit XML, the same bytes each time', async () => {
    await regress(folder, '--baseline', baseline, '--update', '--reason', 'the first');
    const switches = SYNTHETIC_SWITCHES.map((one) =>
      one.family === 'firewall' ? { ...one, leak: 1, gapSeconds: 2 } : one,
    );
    await writeSyntheticCampaign(folder, { ...PLAN, seed: 2, switches });
    const { code, out } = await regress(folder, '--baseline', baseline);
    assert.equal(code, 1);
    assert.match(out, /`wg-quick-postup` \| trials that leaked: 0 % before, 100 % now/);
    const junit = await readFile(join(folder, 'regress.junit.xml'), 'utf8');
    assert.match(junit, /<testcase classname="kill switch\.wg-quick-postup" name="leak">\s*<failure/);
    await regress(folder, '--baseline', baseline);
    assert.equal(await readFile(join(folder, 'regress.junit.xml'), 'utf8'), junit);
  });

  it('exits 2, and says what to do, without a baseline, with a broken one, or updating without a reason', async () => {
    const refused = (message: RegExp) => (error: unknown) =>
      exitOf(error) === EXIT.cannotRun && message.test(messageOf(error));
    await assert.rejects(regress(folder, '--baseline', baseline), refused(/--update --reason/));
    await assert.rejects(regress(folder, '--baseline', baseline, '--update'), refused(/--reason/));
    await writeFile(baseline, '{"version": 7}');
    await assert.rejects(regress(folder, '--baseline', baseline), refused(/no baseline of version 1/));
  });

  it('exits 2 on an option it does not know', async () => {
    assert.equal((await regress(folder, '--tolerance', '5')).code, 2);
  });
});
