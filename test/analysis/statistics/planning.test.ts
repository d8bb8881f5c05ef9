import assert from 'node:assert/strict';
import { upperBound } from '../../../src/analysis/statistics/binomial.ts';
import { parseShare, trialsForUpperBound } from '../../../src/analysis/statistics/planning.ts';

describe('planning', () => {
  it('needs the published 299 trials for 1 % and 59 for 5 % at 95 % (Wilks, Ann. Math. Stat. 12, 1941)', () => {
    assert.equal(trialsForUpperBound(0.01), 299);
    assert.equal(trialsForUpperBound(0.05), 59);
  });

  it('needs the first n at which the bound is reached', () => {
    for (const bound of [0.5, 0.2, 0.1, 0.03, 0.005]) {
      const n = trialsForUpperBound(bound);
      assert.ok(upperBound(0, n)! <= bound + 1e-12);
      assert.ok(upperBound(0, n - 1)! > bound);
    }
    assert.throws(() => trialsForUpperBound(1), /0 < bound < 1/);
  });

  it('reads shares', () => {
    assert.equal(parseShare('1%'), 0.01);
    assert.equal(parseShare(' 0.5 % '), 0.005);
    assert.equal(parseShare('.05'), 0.05);
    for (const text of ['', '0', '100%', '1.5', 'one', '-1%']) assert.equal(parseShare(text), null);
  });
});
