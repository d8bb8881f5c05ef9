import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSyntheticCampaign } from '../../src/bench/synthetic.ts';
import { EXIT } from '../../src/contracts/errors.ts';
import { spoken } from '../kit/spoken.ts';

describe('npm run paper', function () {
  this.timeout(60_000);
  let base = '';
  let source = '';
  let campaign = '';
  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'ksl-paper-'));
    [source, campaign] = [join(base, 'source'), join(base, 'campaign')];
    await mkdir(source);
    await mkdir(campaign);
    await writeSyntheticCampaign(campaign);
  });
  after(() => rm(base, { recursive: true }));

  it('builds a manuscript with the numbers of a campaign, and names the file', async () => {
    await writeFile(join(source, 'main.typ'), '#let data = json("data.json")\nA manuscript.\n');
    const out = join(base, 'made', 'paper.pdf');
    const said = await spoken('paper', campaign, '--source', source, '--out', out);
    assert.deepEqual(said, { code: EXIT.done, out: `${out}\n`, err: '' });
    assert.equal((await readFile(out)).subarray(0, 5).toString(), '%PDF-');
    assert.deepEqual(await readdir(join(base, 'made')), ['paper.pdf']);
  });

  it('refuses a number typed by hand, with its line, and a campaign that there is none of', async () => {
    await writeFile(join(source, 'main.typ'), 'It took\n5 s.\n');
    const out = join(base, 'never.pdf');
    const typed = await spoken('paper', campaign, '--source', source, '--out', out);
    assert.match(typed.err, /main\.typ:2: a number typed by hand: «5 s\.»/);
    const absent = await spoken('paper', '/nowhere', '--source', source, '--out', out);
    assert.match(absent.err, /no campaign in \/nowhere/);
    assert.deepEqual([typed.code, absent.code, existsSync(out)], [EXIT.cannotRun, EXIT.cannotRun, false]);
  });
});
