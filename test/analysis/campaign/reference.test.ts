import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestCampaign } from '../../../src/analysis/campaign/derive.ts';
import { measureAnew } from '../../../src/analysis/campaign/measure-anew.ts';

const REFERENCE = fileURLToPath(new URL('../../../results/reference', import.meta.url));

describe('the committed reference campaign', () => {
  it('has the summary that its records and captures come to', async () => {
    const { summary } = await digestCampaign(REFERENCE, { measure: measureAnew });
    assert.deepEqual(summary, JSON.parse(await readFile(path.join(REFERENCE, 'summary.json'), 'utf8')));
  });
});
