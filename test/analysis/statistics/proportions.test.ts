import assert from 'node:assert/strict';
import { clopperPearson, upperBound } from '../../../src/analysis/statistics/binomial.ts';
import { equivalentProportions } from '../../../src/analysis/statistics/equivalence.ts';
import { fisherExact } from '../../../src/analysis/statistics/fisher.ts';
import { holm } from '../../../src/analysis/statistics/holm.ts';
import { close } from '../../kit/close.ts';
import { r, scipy } from '../../kit/statistics-reference.ts';

describe('exact binomial intervals', () => {
  it('agree with SciPy', () => {
    for (const { successes, trials, confidence, low, high, upper } of scipy.clopperPearson) {
      const interval = clopperPearson(successes, trials, confidence)!;
      close(interval.low, low, 1e-9, `low of ${successes}/${trials}`);
      close(interval.high, high, 1e-9, `high of ${successes}/${trials}`);
      close(upperBound(successes, trials, confidence)!, upper, 1e-9, `upper of ${successes}/${trials}`);
    }
  });

  it('agree with R', () => {
    for (const { successes, trials, low, high } of r.clopperPearson) {
      const interval = clopperPearson(successes, trials)!;
      close(interval.low, low);
      close(interval.high, high);
    }
  });

  it('give the published bounds for no event in n (Hanley and Lippman-Hand, JAMA 249, 1983)', () => {
    // "If nothing goes wrong, is everything all right?": 0 of 10 allows 26 %, 0 of 100 allows 3.0 %, two digits given.
    assert.equal(upperBound(0, 10)!.toFixed(2), '0.26');
    assert.equal(upperBound(0, 100)!.toFixed(3), '0.030');
  });

  it('say nothing without trials and refuse what is no count', () => {
    assert.equal(clopperPearson(0, 0), null);
    assert.equal(upperBound(0, 0), null);
    assert.throws(() => clopperPearson(3, 2), /3 of 2/);
    assert.throws(() => upperBound(0.5, 2), RangeError);
  });
});

describe("Fisher's exact test", () => {
  it('agrees with SciPy and R', () => {
    for (const { table, p } of [...scipy.fisher, ...r.fisher]) close(fisherExact(...table), p, 1e-9, table.join());
  });

  it("gives Fisher's own result for the lady tasting tea (The Design of Experiments, 1935): 34 of 70 two-sided", () => {
    close(fisherExact(3, 1, 1, 3), 34 / 70);
  });

  it('is 1 where a margin is empty, and refuses what is no count', () => {
    assert.equal(fisherExact(0, 5, 0, 7), 1);
    assert.throws(() => fisherExact(-1, 5, 0, 7), RangeError);
  });
});

describe("Holm's correction", () => {
  it('agrees with R, in the order given', () => {
    for (const { p, adjusted } of r.holm) holm(p).forEach((value, index) => close(value, adjusted[index]!));
  });

  it('of an empty family is empty', () => assert.deepEqual(holm([]), []));
});

describe('equivalence of proportions', () => {
  it('agrees with the score test whose estimates SciPy found by search', () => {
    for (const { a, n, b, m, margin, p } of scipy.equivalence) {
      close(equivalentProportions(a, n, b, m, margin)!, p, 1e-6, `${a}/${n} and ${b}/${m}`);
    }
  });

  it('is not shown by few trials, is by many, and never by a difference', () => {
    assert.ok(equivalentProportions(0, 5, 0, 5, 0.1)! > 0.05);
    assert.ok(equivalentProportions(0, 200, 0, 200, 0.1)! < 0.001);
    assert.ok(equivalentProportions(200, 200, 0, 200, 0.1)! > 0.99);
    assert.equal(equivalentProportions(0, 0, 0, 5, 0.1), null);
    assert.throws(() => equivalentProportions(1, 2, 1, 2, 0), /margin/);
  });
});
