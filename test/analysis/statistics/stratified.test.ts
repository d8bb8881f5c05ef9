import assert from 'node:assert/strict';
import { fisherExact } from '../../../src/analysis/statistics/fisher.ts';
import { mannWhitney } from '../../../src/analysis/statistics/ranks.ts';
import { either, larger, moreInUpperTail, moreOften } from '../../../src/analysis/statistics/stratified.ts';
import { close } from '../../kit/close.ts';
import { r } from '../../kit/statistics-reference.ts';

describe('more often, over strata', () => {
  it("agrees with R's exact Mantel-Haenszel test", () => {
    for (const { strata, p } of r.mantel) {
      const counts = strata.map(([yes, all, oldYes, oldAll]) => ({
        fresh: { yes, all },
        old: { yes: oldYes, all: oldAll },
      }));
      close(moreOften(counts)!, p, 1e-7);
    }
  });

  it("is Fisher's test for one stratum: for equal samples the two-sided p is twice the one-sided", () => {
    const one = moreOften([{ fresh: { yes: 8, all: 10 }, old: { yes: 2, all: 10 } }])!;
    close(2 * one, fisherExact(8, 2, 2, 8));
  });

  it('has no say where nothing can differ', () => {
    assert.equal(moreOften([{ fresh: { yes: 0, all: 10 }, old: { yes: 0, all: 20 } }]), null);
    assert.equal(moreOften([]), null);
  });
});

describe('larger, over strata', () => {
  it('agrees with the permutation distribution that R drew', () => {
    // A normal approximation at a few dozen values, against a Monte Carlo p with a standard error of 0.001.
    for (const { strata, p } of r.elteren) close(larger(strata)!, p, 0.015);
  });

  it("is Mann-Whitney's test for one stratum, but for the continuity correction", () => {
    const fresh = [3, 4, 4, 6, 9, 11, 15, 15, 20, 31];
    const old = [1, 2, 3, 3, 5, 6, 7, 9, 9, 10];
    close(larger([{ fresh, old }])!, mannWhitney(fresh, old, 'greater')!.p, 0.01);
  });

  it('has no say where nothing can differ', () => {
    assert.equal(larger([{ fresh: [1, 1], old: [1, 1, 1] }]), null);
    assert.equal(larger([{ fresh: [], old: [1] }]), null);
  });
});

describe('more in the upper tail, over strata', () => {
  it('is the hypergeometric chance that the largest values are all new', () => {
    const old = Array.from({ length: 16 }, (_, i) => i);
    // The two largest of twenty are of the four new: (4 choose 2) / (20 choose 2).
    close(moreInUpperTail([{ fresh: [1.5, 2.5, 20, 21], old }])!, 6 / 190, 1e-9);
  });

  it('has no say where nothing can differ', () => {
    assert.equal(moreInUpperTail([{ fresh: [1, 1], old: [1, 1, 1] }]), null);
    assert.equal(moreInUpperTail([]), null);
  });
});

describe('either of two tests', () => {
  it('costs twice the smaller p, and no more than is left', () => {
    assert.equal(either(0.01, 0.4), 0.02);
    assert.equal(either(null, 0.6), 1);
    assert.equal(either(null, null), null);
  });
});
