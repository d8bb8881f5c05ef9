import assert from 'node:assert/strict';
import type { AftermathRow, HandOutRow } from '../../../src/analysis/summary/rows.ts';
import { summarise } from '../../../src/analysis/summary/summarise.ts';
import { manifestOf, trial } from '../../kit/summary-rows.ts';

const AFTERMATH: AftermathRow = {
  clientGoneSeconds: 40,
  endSeconds: 100,
  knocksBySecond: [
    { second: 5, packets: 1 },
    { second: 50, packets: 2 },
    { second: 90, packets: 1 },
  ],
  knocksAfterClient: { packets: 3, senders: 2 },
};
const HAND_OUT: HandOutRow = {
  ...{ party: 'tracker', id: 'tracker-0', who: 'real', answers: 4, fromSeconds: 1, untilSeconds: 61 },
  ...{ seconds: 60, censored: false },
};
const WATCHED = {
  ...{ aftermath: AFTERMATH, knockPackets: 4, knockSenders: 2 },
  handOuts: [
    HAND_OUT,
    // The same party under its other address, one that still named it, and the lab's own address.
    { ...HAND_OUT, answers: 2 },
    { ...HAND_OUT, party: 'dht', id: 'dht-1', answers: 9, seconds: 99, censored: true },
    { ...HAND_OUT, party: 'peer', id: 'peer-1', who: 'planted' },
  ] satisfies HandOutRow[],
};

describe('the aftermath of a cell', () => {
  it('counts who named the real address, how often and for how long, and who knocked', () => {
    const { aftermath } = summarise(manifestOf('none'), [trial('none', 'leak', WATCHED)], []).cells[0]!;
    assert.ok(aftermath);
    const { handedOutSeconds, ...estimates } = aftermath;
    const median = (name: Exclude<keyof typeof estimates, 'trials'>): number | undefined => estimates[name]?.median;
    assert.equal(aftermath.trials, 1);
    assert.equal(median('namingParties'), 2);
    assert.equal(median('namingAnswers'), 15);
    assert.deepEqual(
      [handedOutSeconds?.median, handedOutSeconds?.observations, handedOutSeconds?.censored],
      [60, 3, 1],
    );
    assert.deepEqual([median('knocks'), median('knockSenders')], [4, 2]);
    assert.deepEqual([median('knocksAfterClient'), median('knockSendersAfterClient')], [3, 2]);
    assert.equal(median('halfOfKnocksSeconds'), 50);
  });

  it('keeps a trial in which nobody named or knocked as its zero, and one not watched out of it', () => {
    const silent = { ...AFTERMATH, knocksBySecond: [], knocksAfterClient: { packets: 0, senders: 0 } };
    const rows = [trial('none', 'leak', { aftermath: silent }), trial('none', 'leak', { knockPackets: 9 })];
    const { aftermath } = summarise(manifestOf('none'), rows, []).cells[0]!;
    assert.ok(aftermath);
    assert.equal(aftermath.trials, 1);
    assert.deepEqual([aftermath.namingParties?.median, aftermath.knocks?.median], [0, 0]);
    assert.deepEqual([aftermath.handedOutSeconds, aftermath.halfOfKnocksSeconds], [null, null]);
  });

  it('is absent where no trial was watched to a horizon', () => {
    const [cell] = summarise(manifestOf('none'), [trial('none', 'leak')], []).cells;
    assert.ok(cell && !('aftermath' in cell));
  });
});
