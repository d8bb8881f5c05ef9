import assert from 'node:assert/strict';
import fc from 'fast-check';
import { equivalentPairs, signedRanksGreater } from '../../../src/analysis/statistics/signed-ranks.ts';
import { close } from '../../kit/close.ts';

/** P-value by its definition: of all ways to give signs, the share whose positive ranks come to as much or more. */
function byEnumeration(differences: readonly number[]): number {
  const sizes = differences.filter((each) => each !== 0);
  const rank = (value: number): number => {
    const below = sizes.filter((each) => Math.abs(each) < Math.abs(value)).length;
    const same = sizes.filter((each) => Math.abs(each) === Math.abs(value)).length;
    return below + (same + 1) / 2;
  };
  const ranks = sizes.map(rank);
  const observed = ranks.reduce((sum, each, at) => sum + ((sizes[at] ?? 0) > 0 ? each : 0), 0);
  let asMuch = 0;
  for (let signs = 0; signs < 2 ** sizes.length; signs++) {
    if (ranks.reduce((sum, each, at) => sum + ((signs >> at) & 1) * each, 0) >= observed) asMuch += 1;
  }
  return asMuch / 2 ** sizes.length;
}

describe("Wilcoxon's signed-rank test", () => {
  it('is what all ways to give signs come to, ties and zeros included', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 9 }), (differences) => {
        const p = signedRanksGreater(differences);
        if (differences.every((each) => each === 0)) assert.equal(p, null);
        else close(p ?? -1, byEnumeration(differences), 1e-12);
      }),
    );
  });

  it("gives Wilcoxon's table: a rank sum of 10 or less on one side, of 10 differences, has p = 0.0420", () => {
    // Ranks 1 to 4 negative, 5 to 10 positive (Wilcoxon, Biometrics Bulletin 1, 1945; exact 43/1024).
    close(signedRanksGreater([-1, -2, -3, -4, 5, 6, 7, 8, 9, 10]) ?? -1, 43 / 1024, 1e-12);
  });
});

describe('equivalence of pairs', () => {
  it('is shown by differences within the margin, however the pairs differ among themselves', () => {
    const noise = Array.from({ length: 20 }, (_, at) => Math.sin(at * 2.4) * 0.05);
    assert.ok((equivalentPairs(noise, 0.1) ?? 1) < 0.001);
    const shifted = noise.map((each) => each + 0.1);
    assert.ok((equivalentPairs(shifted, 0.1) ?? 0) > 0.3);
  });

  it('says nothing without pairs, and refuses a margin that is none', () => {
    assert.equal(equivalentPairs([], 1), null);
    assert.throws(() => equivalentPairs([1], 0), RangeError);
  });
});
