/** Whether the fault did it: trials with it held against trials without. */
import assert from 'node:assert/strict';
import { causesOf, type CauseArm } from '../../../src/analysis/summary/cause.ts';
import { causeWords, cellSentence } from '../../../src/analysis/summary/reach-words.ts';
import { evidenceOf, type FoundRow } from '../../../src/analysis/summary/reach.ts';
import type { TrialRow } from '../../../src/analysis/summary/rows.ts';
import type { Reach } from '../../../src/records/findings.ts';
import { testCell } from '../../kit/cells.ts';
import { trial } from '../../kit/summary-rows.ts';

/** Trials by how far each reached in the outage; null where a doubt could have hidden it. */
function reached(...reaches: readonly (Reach | null)[]): TrialRow[] {
  return reaches.map((outage) => ({ ...trial('none', 'leak'), found: found(outage) }));
}

function found(outage: Reach | null): FoundRow {
  return { exact: true, reach: { before: 'none', outage, after: 'none' }, learnt: [], works: null, latency: null };
}

const times = (count: number, value: Reach): Reach[] => Array.from({ length: count }, () => value);

function arm(rows: readonly (Reach | null)[], placebo: readonly (Reach | null)[], client = 'deluge'): CauseArm {
  return { cell: testCell({ client, fault: 'link-down' }), rows: reached(...rows), placebo: reached(...placebo) };
}

function causeOf(rows: readonly (Reach | null)[], placebo: readonly (Reach | null)[]) {
  const [cause] = causesOf([arm(rows, placebo)]);
  assert.ok(cause !== undefined && cause !== null);
  return cause;
}

describe('the cause of what left in an outage', () => {
  it('is the fault where it is so with it and not without', () => {
    const cause = causeOf(times(6, 'swarm'), times(6, 'none'));
    assert.equal(cause.outcome, 'added');
    assert.equal(cause.about, 'told');
    // One table of C(12, 6) = 924 is as extreme.
    assert.ok(Math.abs((cause.told.p ?? 1) - 1 / 924) < 1e-12, String(cause.told.p));
    assert.equal(causeWords(cause), 'yes: 6 of 6, without it 0 of 6');
  });

  it('is not shown by order in time: what goes on without a fault goes on with it', () => {
    const cause = causeOf(times(8, 'swarm'), times(8, 'swarm'));
    assert.equal(cause.outcome, 'with-and-without');
    assert.match(causeWords(cause), /^also without: 8 of 8, without it 8 of 8$/);
  });

  it('is not shown where the placebo arm has none of it, and the fault arm little', () => {
    assert.equal(causeOf(['lan', ...times(7, 'none')], times(8, 'none')).outcome, 'not-shown');
  });

  it('may be packets that reached nobody, where what was told is told without a fault, too', () => {
    const cause = causeOf([...times(8, 'path'), 'swarm', 'swarm'], ['swarm', 'swarm', ...times(8, 'none')]);
    assert.deepEqual([cause.outcome, cause.about], ['added', 'clear']);
  });

  it('is asked of no fewer than five trials an arm', () => {
    const cause = causeOf(times(4, 'swarm'), times(9, 'none'));
    assert.deepEqual([cause.outcome, cause.told.p], ['too-few', null]);
  });

  it('cannot be told without a placebo arm, and is not asked of one', () => {
    assert.equal(causeOf(times(9, 'swarm'), []).outcome, 'no-placebo');
    const placebo = { ...arm(times(9, 'swarm'), times(9, 'swarm')), cell: testCell({ fault: 'none' }) };
    assert.deepEqual(causesOf([placebo]), [null]);
  });

  it('counts no trial whose absence a doubt could have hidden', () => {
    const { told } = causeOf([null, null, ...times(6, 'swarm')], [null, ...times(5, 'none')]);
    assert.deepEqual(
      [told.fault, told.placebo],
      [
        { trials: 6, of: 6 },
        { trials: 0, of: 5 },
      ],
    );
  });

  it('is corrected for the number of cells that are asked', () => {
    const one = arm(times(5, 'swarm'), times(5, 'none'));
    const silent = Array.from({ length: 19 }, (_, index) => arm(times(5, 'none'), times(5, 'none'), `client-${index}`));
    const [alone] = causesOf([one]);
    const [among] = causesOf([one, ...silent]);
    assert.equal(alone?.outcome, 'added');
    assert.equal(among?.outcome, 'not-shown');
    assert.ok(Math.abs((among.told.pHolm ?? 0) - 20 * (alone.told.p ?? 0)) < 1e-12);
  });

  it('stands in the sentence of the cell', () => {
    const arms = arm(times(6, 'swarm'), times(6, 'none'));
    const [cause = null] = causesOf([arms]);
    const evidence = evidenceOf(arms.rows.flatMap((row) => row.found ?? []));
    assert.match(
      cellSentence(arms.cell, evidence, cause),
      /The fall did it: somebody was told in 6 of 6 trials, without a fall in 0 of 6 \(p = 0\.001\)/,
    );
  });
});
