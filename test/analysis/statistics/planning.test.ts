import assert from 'node:assert/strict';
import { clopperPearson, upperBound } from '../../../src/analysis/statistics/binomial.ts';
import {
  nextCell,
  parseShare,
  statedRule,
  trialsForUpperBound,
  type CellProgress,
  type StoppingRule,
} from '../../../src/analysis/statistics/planning.ts';
import { randomStream } from '../../../src/analysis/statistics/random.ts';

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

describe('sequential allocation', () => {
  const rule: StoppingRule = { atLeast: 5, atMost: 60, width: 0.3 };
  const cell = (leaks: number, judged: number, trials = judged): CellProgress => ({ leaks, judged, trials });

  it('fills every cell to the minimum, then goes where the interval is widest', () => {
    assert.equal(nextCell([cell(0, 5), cell(0, 4)], rule), 1);
    assert.equal(nextCell([cell(0, 20), cell(10, 20)], rule), 1);
    assert.equal(nextCell([cell(0, 40), cell(60, 60)], rule), null);
  });

  it('gives up on a cell that cannot be judged', () => assert.equal(nextCell([cell(0, 0, 60)], rule), null));

  it('ends, spends where it is uncertain, and keeps the intervals honest', () => {
    const random = randomStream(21, 'allocation');
    const truth = [0, 0.05, 0.5, 1];
    const campaigns = 150;
    let held = 0;
    let spent = 0;
    for (let campaign = 0; campaign < campaigns; campaign++) {
      const cells = truth.map(() => ({ leaks: 0, judged: 0, trials: 0 }));
      for (let next = nextCell(cells, rule); next !== null; next = nextCell(cells, rule)) {
        const chosen = cells[next]!;
        chosen.trials += 1;
        chosen.judged += 1;
        if (random.uniform() < truth[next]!) chosen.leaks += 1;
      }
      assert.ok(cells[2]!.trials > cells[0]!.trials, 'a coin needs more trials than a certainty');
      spent += cells.reduce((sum, { trials }) => sum + trials, 0);
      cells.forEach(({ leaks, judged }, index) => {
        const { low, high } = clopperPearson(leaks, judged)!;
        if (low <= truth[index]! && truth[index]! <= high) held += 1;
      });
    }
    // Nominal 0.95; three standard errors of 600 intervals are 0.027.
    assert.ok(held / (campaigns * truth.length) > 0.923, `${held} of ${campaigns * truth.length} intervals hold`);
    assert.ok(spent / campaigns < truth.length * rule.atMost, 'fewer trials than the same for every cell');
  });

  it('is stated in a sentence', () => assert.match(statedRule(rule), /5 judged trials .* at most 0\.3 wide/));
});
