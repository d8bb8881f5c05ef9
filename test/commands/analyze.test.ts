import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountOf } from '../../src/analysis/summary/reach-words.ts';
import { summarySchema } from '../../src/analysis/summary/schema.ts';
import { EXIT } from '../../src/contracts/errors.ts';
import { spoken } from '../kit/spoken.ts';
import { RECORDS, writeStrangeCampaign } from '../kit/strange-campaign.ts';

describe('npm run analyze', function () {
  this.timeout(60_000);
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ksl-analyze-'));
    await writeStrangeCampaign(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('prints a sentence a cell and the conclusions, or the whole summary as JSON, and nothing else', async () => {
    const words = await spoken('analyze', folder, '--sealed');
    assert.equal(words.code, EXIT.done, words.err);
    const { code, out } = await spoken('analyze', folder, '--sealed', '--json');
    assert.equal(code, EXIT.done);
    const summary = summarySchema.parse(JSON.parse(out));
    const said = [...summary.cells.map(accountOf), ...summary.conclusions.map(({ text }) => text)];
    assert.equal(words.out, `${said.join('\n')}\n`);
    assert.deepEqual(summary, JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8')));
  });

  it('measures anew unless told not to, and says where that comes to something else', async () => {
    assert.match((await spoken('analyze', folder)).err, /^analyze: remeasured, \d+ times: Measuring anew gave other/m);
    assert.doesNotMatch((await spoken('analyze', folder, '--sealed')).err, /remeasured/);
  });

  it('changes nothing that was sealed', async () => {
    const sealed = ['manifest.json', 'trials.jsonl', 'sessions.jsonl'];
    const read = (): Promise<Buffer[]> => Promise.all(sealed.map((name) => readFile(join(folder, name))));
    const before = await read();
    await spoken('analyze', folder);
    assert.deepEqual(await read(), before);
    assert.deepEqual((await readdir(join(folder, 'trials'))).sort(), RECORDS.map(({ trial }) => trial).sort());
  });

  it('ends with exit code 0 where nothing was run yet, and 2 where nothing can be used', async () => {
    await writeFile(join(folder, 'trials.jsonl'), '');
    assert.equal((await spoken('analyze', folder, '--sealed')).code, EXIT.done);
    await writeFile(join(folder, 'trials.jsonl'), 'no record\n');
    assert.equal((await spoken('analyze', folder, '--sealed')).code, EXIT.cannotRun);
  });

  it('names the folder that is no campaign', async () => {
    const { code, err } = await spoken('analyze', '/nowhere');
    assert.equal(code, EXIT.cannotRun);
    assert.match(err, /\/nowhere\/manifest\.json cannot be read.*name that folder/);
  });
});
