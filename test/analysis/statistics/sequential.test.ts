import assert from 'node:assert/strict';
import { clopperPearson, upperBound } from '../../../src/analysis/statistics/binomial.ts';
import { randomStream, type RandomStream } from '../../../src/analysis/statistics/random.ts';
import { confidenceOf, isKnown, statedRule, type SequentialRule } from '../../../src/analysis/statistics/sequential.ts';

const RULE: SequentialRule = { looks: [6, 12, 24, 48], width: 0.4 };
const CAMPAIGNS = 4000;

/** A cell whose trials leak with probability `p`, stopped by the rule. */
function run(p: number, rule: SequentialRule, random: RandomStream): { readonly leaks: number; readonly n: number } {
  let leaks = 0;
  let n = 0;
  for (const look of rule.looks) {
    for (; n < look; n++) if (random.uniform() < p) leaks += 1;
    if (isKnown({ leaks, noLeaks: n - leaks, unsupported: 0, inconclusive: 0 }, rule)) break;
  }
  return { leaks, n };
}

describe('sequential allocation', () => {
  it('splits the error over its looks', () => {
    assert.equal(confidenceOf(RULE), 1 - 0.05 / 4);
    assert.equal(confidenceOf(undefined), 0.95);
  });

  it('keeps the coverage of its intervals and bounds, whatever the truth and wherever it stops', () => {
    const random = randomStream(21, 'sequential coverage');
    // Three standard errors of a coverage of 0.95.
    const least = 0.95 - 3 * Math.sqrt((0.95 * 0.05) / CAMPAIGNS);
    for (const p of [0.002, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.97, 0.995]) {
      let held = 0;
      let boundsHeld = 0;
      for (let campaign = 0; campaign < CAMPAIGNS; campaign++) {
        const { leaks, n } = run(p, RULE, random);
        const { low, high } = clopperPearson(leaks, n, confidenceOf(RULE))!;
        if (low <= p && p <= high) held += 1;
        if (leaks > 0 || p <= upperBound(0, n)!) boundsHeld += 1;
      }
      assert.ok(held / CAMPAIGNS >= least, `intervals hold in ${held} of ${CAMPAIGNS} at p = ${p}`);
      assert.ok(boundsHeld / CAMPAIGNS >= least, `bounds hold in ${boundsHeld} of ${CAMPAIGNS} at p = ${p}`);
    }
  });

  it('needs its correction: a rule with many looks and 95 % at each would not hold', () => {
    const random = randomStream(21, 'uncorrected');
    const looks = Array.from({ length: 60 }, (_, at) => at + 1);
    const covered = (confidence: number): number => {
      let held = 0;
      for (let campaign = 0; campaign < CAMPAIGNS; campaign++) {
        // Stops where a half is out of the interval, if anywhere: what a lucky moment is.
        let leaks = 0;
        const lucky = looks.find((n) => {
          if (random.uniform() < 0.5) leaks += 1;
          const { low, high } = clopperPearson(leaks, n, confidence)!;
          return low > 0.5 || high < 0.5;
        });
        if (lucky === undefined) held += 1;
      }
      return held / CAMPAIGNS;
    };
    assert.ok(covered(0.95) < 0.93);
    assert.ok(covered(confidenceOf({ looks, width: 1 })) > 0.95);
  });

  it('spends trials where the truth is hard to know', () => {
    const random = randomStream(21, 'spending');
    const spent = (p: number): number =>
      Array.from({ length: 200 }, () => run(p, RULE, random).n).reduce((sum, n) => sum + n, 0) / 200;
    assert.equal(spent(0), 12);
    assert.equal(spent(1), 12);
    assert.ok(spent(0.5) > 40);
  });

  it('ends a cell that is unsupported, and goes on with one that could not be judged', () => {
    const counts = { leaks: 0, noLeaks: 0, unsupported: 0, inconclusive: 0 };
    assert.equal(isKnown({ ...counts, unsupported: 6 }, RULE), true);
    assert.equal(isKnown({ ...counts, unsupported: 3, inconclusive: 3 }, RULE), false);
    assert.equal(isKnown({ ...counts, inconclusive: 6 }, RULE), false);
  });

  it('is stated in sentences', () => {
    assert.match(
      statedRule(RULE),
      /after 6, 12, 24 and 48 trials .* at most 0\.4 wide\. For 4 looks .* at 98\.75 %.* up to its first look/,
    );
  });
});
