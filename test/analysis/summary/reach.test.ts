/** What a cell's trials found, counted and in words. */
import assert from 'node:assert/strict';
import { backWords, cellSentence, learntIn, reachWords } from '../../../src/analysis/summary/reach-words.ts';
import { evidenceOf, foundIn, type FoundRow } from '../../../src/analysis/summary/reach.ts';
import type { Exposure, Measures } from '../../../src/records/measures.ts';
import { testCell } from '../../kit/cells.ts';
import { measured, type Trial } from '../../kit/invented-trial.ts';

const NOTHING: FoundRow = {
  exact: true,
  reach: { before: 'none', outage: 'none', after: 'none' },
  learnt: [],
  works: { state: 'recovered', seconds: 1 },
  latency: null,
};
const told = (stage: 'before' | 'outage', kind: 'tracker' | 'dht', id: string, before = false) => ({
  ...{ stage, kind, id, way: 'source' as const, before },
});

async function older(exposures: readonly Exposure[], trial: Trial = {}): Promise<FoundRow | null> {
  const { measures } = await measured(trial);
  const { findings, ...rest } = measures;
  assert.ok(findings !== undefined);
  const sealed: Measures = { ...rest, exposures: [...exposures] };
  return foundIn(sealed);
}

describe('what a cell found', () => {
  it('says what was told while the VPN worked, and that its fall added nothing', () => {
    const row: FoundRow = {
      ...NOTHING,
      reach: { before: 'swarm', outage: 'swarm', after: 'none' },
      learnt: [told('before', 'tracker', 't'), told('before', 'dht', 'a'), told('outage', 'dht', 'a', true)],
    };
    const evidence = evidenceOf([row, row]);
    assert.equal(
      cellSentence(testCell({ client: 'qbittorrent' }), evidence, null),
      'While the VPN worked, qbittorrent told the tracker and a DHT node your address (in 2 of 2 trials). ' +
        'When it fell, nobody learnt it who had not known it.',
    );
    assert.equal(reachWords(evidence, 'before'), 'swarm 2 of 2');
    assert.deepEqual(evidence === null ? [] : learntIn(evidence, 'before'), ['tracker, dht']);
  });

  it('says that nothing left, where nothing did', () => {
    assert.equal(
      cellSentence(testCell({ client: 'deluge' }), evidenceOf([NOTHING]), null),
      'While the VPN worked, nothing left in the clear in 1 trial. When it fell, nothing left in the clear in 1 trial.',
    );
  });

  it('tells packets that reached nobody from parties that were told', () => {
    const path: FoundRow = { ...NOTHING, reach: { ...NOTHING.reach, outage: 'path' } };
    const evidence = evidenceOf([path, NOTHING]);
    assert.match(
      cellSentence(testCell({ client: 'webtorrent' }), evidence, null),
      /nobody was told, but packets left in the clear in 1 of 2 trials/,
    );
    assert.equal(reachWords(evidence, 'outage'), 'path 1, none 1 of 2');
  });

  it('says where downloads never came back', () => {
    const row: FoundRow = { ...NOTHING, works: { state: 'never', seconds: 6 } };
    assert.match(
      cellSentence(testCell({ client: 'qbittorrent' }), evidenceOf([row, NOTHING]), null),
      /did not come back within 6 s in 1 of 2 trials/,
    );
    const words = (...rows: FoundRow[]): string | undefined => {
      const evidence = evidenceOf(rows);
      return evidence === null ? undefined : backWords(evidence);
    };
    assert.equal(words(row, NOTHING), '1 of 2 within 6 s');
    assert.equal(words({ ...NOTHING, works: { state: 'not-asked', seconds: null } }), 'not asked');
    assert.equal(words({ ...NOTHING, works: null }), 'not known');
  });

  it('counts no absence that a doubt could have hidden, and keeps what was found all the same', async () => {
    const change: Trial['change'] = (record) => ({ ...record, heartbeatMaxDelayNs: 5e9 });
    const { measures } = await measured({ change });
    assert.deepEqual(foundIn(measures)?.reach, { before: null, outage: null, after: null });
  });
});

describe('what an older record found', () => {
  it('is read by its phases, which it says', async () => {
    const row = await older([
      {
        ...{ party: 'tracker', id: 't', by: 'source', phase: 'baseline', address: '203.0.113.2', how: 'announce' },
        ...{ times: 1, firstNs: 1, lastNs: 1 },
      },
      {
        ...{ party: 'tracker', id: 't', by: 'source', phase: 'gap', address: '203.0.113.2', how: 'announce' },
        ...{ times: 1, firstNs: 2, lastNs: 2 },
      },
    ]);
    assert.deepEqual(row?.reach, { before: 'swarm', outage: 'swarm', after: 'none' });
    assert.deepEqual(
      row.learnt.map(({ stage, before }) => [stage, before]),
      [
        ['before', false],
        ['outage', true],
      ],
    );
    assert.equal(evidenceOf([row])?.older, 1);
  });

  const row = (id: string, how: string, times: number): Exposure => ({
    ...{ party: 'tracker', id, by: 'source', phase: 'gap', address: '203.0.113.2', how },
    ...{ times, firstNs: 1, lastNs: 1 },
  });

  it('takes a STUN server of an older record for a service, and the packets to the tracker’s address that went to it', async () => {
    const found = await older([row('tracker-0', 'packet', 2), row('stun-0', 'binding', 2)]);
    assert.equal(found?.reach.outage, 'service');
    assert.deepEqual(
      found.learnt.map(({ kind, id }) => [kind, id]),
      [['stun', 'stun-0']],
    );
  });

  it('takes packets of an older record for a tracker’s where they are more than went to its STUN server', async () => {
    const found = await older([row('tracker-0', 'packet', 3), row('stun-0', 'binding', 2)]);
    assert.equal(found?.reach.outage, 'swarm');
    assert.deepEqual(found.learnt.map(({ kind }) => kind).toSorted(), ['stun', 'tracker']);
  });
});
