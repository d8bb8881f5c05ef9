import assert from 'node:assert/strict';
import { compareGaps } from '../../../src/harness/campaign/concurrency.ts';

const CELL = { client: 'c', killSwitch: 'k', fault: 'f', moment: 'm' };
type Gaps = Parameters<typeof compareGaps>[0];

/** Gaps of twenty moments, from 0.5 s to the outage's end at 5 s, each later by what `delay` says. */
function gaps(delay: (at: number) => number): Gaps {
  return Array.from({ length: 20 }, (_, at) => {
    const seconds = Math.min(5, 0.5 + at * 0.25 + delay(at));
    return { trial: `${at}`, cell: CELL, seconds, leaked: true, censored: seconds === 5 };
  });
}

describe('gaps one at a time and many at a time', () => {
  it('are equivalent where each trial comes out alike, however the trials differ', () => {
    const { equivalent, pairs, one } = compareGaps(
      gaps(() => 0),
      gaps((at) => 0.05 * Math.sin(at)),
    );
    assert.ok(equivalent);
    assert.deepEqual([pairs, one.censored], [20, 2]);
  });

  it('are not where labs side by side make them longer by the margin', () => {
    const { equivalent, marginSeconds } = compareGaps(
      gaps(() => 0),
      gaps((at) => 0.3 + 0.05 * Math.sin(at)),
    );
    assert.ok(!equivalent && marginSeconds !== null && marginSeconds < 0.3);
  });

  it('are equivalent where nothing leaked, and not shown to be where nothing was judged', () => {
    const quiet = gaps(() => 0).map((gap) => ({ ...gap, seconds: 0, leaked: false, censored: false }));
    assert.ok(compareGaps(quiet, quiet).equivalent);
    assert.equal(compareGaps([], quiet).p, null);
    assert.ok(!compareGaps([], quiet).equivalent);
  });
});
