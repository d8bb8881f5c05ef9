import assert from 'node:assert/strict';
import type { LifeRow } from '../../../src/analysis/summary/rows.ts';
import { expiryBySoftware } from '../../../src/analysis/summary/expiry.ts';
import { trial } from '../../kit/summary-rows.ts';

const LIFE: LifeRow = {
  ...{ id: 'x', software: 'a tracker', version: '1', documentedSeconds: 1800, source: 'its source' },
  ...{ atLeastSeconds: 1790, atMostSeconds: 1810 },
};
const expiryOf = (...lives: readonly Partial<LifeRow>[]) => {
  const [expiry] = expiryBySoftware([trial('none', 'leak', { lives: lives.map((life) => ({ ...LIFE, ...life })) })]);
  assert.ok(expiry);
  return expiry;
};

describe('the expiry of an implementation', () => {
  it('agrees with its constant where every life could have ended there', () => {
    const expiry = expiryOf({}, { atLeastSeconds: 1795, atMostSeconds: 1815 });
    assert.deepEqual([expiry.atLeastSeconds, expiry.atMostSeconds, expiry.agrees], [1790, 1815, true]);
    assert.equal(expiryOf({}, { atLeastSeconds: 1900, atMostSeconds: 1920 }).agrees, false);
    assert.equal(expiryOf({}, { atLeastSeconds: 1700, atMostSeconds: 1720 }).agrees, false);
  });

  it('agrees with the window its own housekeeping leaves, where the record tells that', () => {
    const windowSeconds = [1800, 2100] as const;
    const late = { windowSeconds, atLeastSeconds: 2034, atMostSeconds: 2054 };
    assert.equal(expiryOf({ ...late }).agrees, true);
    assert.deepEqual(expiryOf({ ...late }).windowSeconds, [1800, 2100]);
    assert.equal(expiryOf({ ...late, atLeastSeconds: 2110, atMostSeconds: 2130 }).agrees, false);
    assert.equal(expiryOf({ ...late, atLeastSeconds: 1760, atMostSeconds: 1780 }).agrees, false);
  });

  it('is open while a life has not been seen to end, and held against where nothing should end', () => {
    const alive = { atLeastSeconds: 600, atMostSeconds: null };
    assert.equal(expiryOf({}, alive).agrees, null);
    assert.equal(expiryOf({}, alive).censored, 1);
    assert.equal(expiryOf({ ...alive, documentedSeconds: null }).agrees, true);
    assert.equal(expiryOf({ documentedSeconds: null }).agrees, false);
  });
});
