import assert from 'node:assert/strict';
import { equivalentLocation } from '../../../src/analysis/statistics/equivalence.ts';
import { kolmogorovSmirnov, uniformModel } from '../../../src/analysis/statistics/kolmogorov.ts';
import { bootstrapQuantile, idealBootstrap, quantileOf, sorted } from '../../../src/analysis/statistics/quantiles.ts';
import { randomStream } from '../../../src/analysis/statistics/random.ts';
import { cliffsDelta, mannWhitney } from '../../../src/analysis/statistics/ranks.ts';
import { kaplanMeier, medianSurvival } from '../../../src/analysis/statistics/survival.ts';
import { close } from '../../kit/close.ts';
import { r, scipy } from '../../kit/statistics-reference.ts';

describe('quantiles', () => {
  it("agree with R's type 7", () => {
    for (const { values, p, quantile } of r.quantiles) close(quantileOf(sorted(values), p), quantile);
  });

  it('have bootstrap intervals that agree with SciPy within its own Monte Carlo error', () => {
    // SciPy draws: an end falls on an order statistic, and chance decides between neighbours: hence a fifth of the error.
    for (const { p, values, estimate, low, high, error } of scipy.bootstrap) {
      const own = bootstrapQuantile(values, { p })!;
      close(own.median, estimate);
      assert.ok(Math.abs(own.low! - low) < 0.2 * error, `low ${own.low} for ${low}, standard error ${error}`);
      assert.ok(Math.abs(own.high! - high) < 0.2 * error, `high ${own.high} for ${high}, standard error ${error}`);
    }
  });

  it('have intervals that hold the true median about as often as they say', () => {
    const random = randomStream(11, 'coverage');
    const trials = 400;
    let held = 0;
    for (let i = 0; i < trials; i++) {
      const values = Array.from({ length: 25 }, () => -Math.log(1 - random.uniform()));
      const { low, high } = bootstrapQuantile(values)!;
      if (low! <= Math.LN2 && Math.LN2 <= high!) held += 1;
    }
    // A median's bootstrap covers a little less than nominal at n = 25; 3 standard errors of 400 trials are 0.033.
    assert.ok(held / trials > 0.9 && held / trials < 0.985, `${held} of ${trials}`);
  });

  it('have the bootstrap distribution that all resamples written out have', () => {
    for (const [values, p] of [
      [[1, 2, 4, 8], 0.5],
      [[1, 2, 4, 8, 16], 0.5],
      [[1, 3, 3, 7, 20], 0.9],
    ] as const) {
      const n = values.length;
      const counted = new Map<number, number>();
      for (let draw = 0; draw < n ** n; draw++) {
        const resample = Array.from({ length: n }, (_, place) => values[Math.floor(draw / n ** place) % n] ?? 0);
        const quantile = quantileOf(sorted(resample), p);
        counted.set(quantile, (counted.get(quantile) ?? 0) + 1 / n ** n);
      }
      const ideal = new Map<number, number>();
      for (const { value, mass } of idealBootstrap(sorted(values), p)) ideal.set(value, (ideal.get(value) ?? 0) + mass);
      for (const [quantile, share] of counted)
        close(ideal.get(quantile) ?? 0, share, 1e-6, `${quantile} of ${values.join()}`);
      close(
        [...ideal.values()].reduce((sum, mass) => sum + mass, 0),
        1,
        1e-6,
      );
    }
  });

  it('are the same in any order of values, and say nothing where there is nothing to say', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    assert.deepEqual(bootstrapQuantile([...values].reverse()), bootstrapQuantile(values));
    assert.equal(bootstrapQuantile([]), null);
    assert.deepEqual(bootstrapQuantile([7]), { median: 7, low: null, high: null });
    assert.deepEqual(bootstrapQuantile([7, 7]), { median: 7, low: 7, high: 7 });
  });
});

describe("Mann-Whitney's test and Cliff's delta", () => {
  it('agree with SciPy', () => {
    for (const expected of scipy.mannWhitney) {
      const { xs, ys } = expected;
      for (const alternative of ['two-sided', 'less', 'greater'] as const) {
        const { u, p } = mannWhitney(xs, ys, alternative)!;
        close(u, expected.u);
        close(p, expected[alternative], 1e-9, `${alternative} of ${xs.join()} and ${ys.join()}`);
      }
      close(cliffsDelta(xs, ys)!, expected.cliffsDelta);
    }
  });

  it("give Mann and Whitney's own table: n = m = 3, U = 0 has one-sided probability 1/20", () => {
    close(mannWhitney([1, 2, 3], [4, 5, 6], 'less')!.p, 0.05);
  });

  it('say nothing of an empty sample', () => {
    assert.equal(mannWhitney([], [1]), null);
    assert.equal(cliffsDelta([1], []), null);
  });
});

describe('equivalence of location', () => {
  it('agrees with SciPy', () => {
    for (const { xs, ys, margin, p } of scipy.location) close(equivalentLocation(xs, ys, margin)!, p, 1e-9);
  });
});

describe("Kolmogorov and Smirnov's test", () => {
  it('agrees with SciPy, exact and in the limit', () => {
    for (const { values, low, high, d, p } of scipy.kolmogorov) {
      const test = kolmogorovSmirnov(values, uniformModel(low, high))!;
      close(test.d, d);
      close(test.p, p, 1e-7, `n = ${values.length}`);
    }
  });

  it('gives the published example (Marsaglia, Tsang and Wang, 2003): P(D < 0.274 for n = 10) = 0.6284796154565044', () => {
    // Ten values at the middles of their tenths, all moved so that the largest distance is 0.274.
    const values = Array.from({ length: 10 }, (_, i) => i / 10 + 0.274);
    close(1 - kolmogorovSmirnov(values, (x) => x)!.p, 0.6284796154565044, 1e-9);
  });

  it('says nothing without values', () => assert.equal(kolmogorovSmirnov([], uniformModel(0, 1)), null));
});

describe('Kaplan and Meier', () => {
  it("agrees with R's survfit, its log-log bands included", () => {
    for (const { time, censored, steps } of r.survival) {
      const own = kaplanMeier(time.map((value, index) => ({ time: value, censored: censored[index]! })));
      assert.deepEqual(
        own.map((step) => step.time),
        steps.time,
      );
      own.forEach((step, i) => {
        assert.equal(step.atRisk, steps.atRisk[i]);
        assert.equal(step.events, steps.events[i]);
        close(step.survival, steps.survival[i]!);
        if (step.survival === 0 || step.survival === 1) return; // R gives a missing value or the point itself there
        close(step.low!, steps.low[i]!);
        close(step.high!, steps.high[i]!);
      });
    }
  });

  it("gives R's median where the curve crosses one half", () => {
    for (const { time, censored, median, steps } of r.survival) {
      if (steps.survival.includes(0.5)) continue; // R takes the middle of a flat stretch there
      const own = kaplanMeier(time.map((value, index) => ({ time: value, censored: censored[index]! })));
      assert.equal(medianSurvival(own).median, median);
    }
  });

  it('never falls to one half when everything is censored', () => {
    const median = medianSurvival(kaplanMeier([{ time: 1, censored: true }]));
    assert.deepEqual(median, { median: null, low: null, high: null });
  });
});
