import assert from 'node:assert/strict';
import type { Measures } from '../../../src/records/measures.ts';
import type { TrialRecord } from '../../../src/records/trial-record.ts';
import { type Sent, bytes, icmpFrame, tcpFrame, udpFrame } from '../../kit/frames.ts';
import { SWARM } from '../../kit/judged.ts';
import { ENDPOINT, INNER, NODE, PEER, PING, REAL, TRACKER } from '../../kit/planted.ts';
import { END, S, WAN4, at, measured } from '../../kit/invented-trial.ts';

const NOTHING_KNOWN = bytes('????????????????????????');
const WAN_LINK = { from: '02:00:00:00:02:01', to: '02:00:00:00:02:02' };
const toReal = (sender: string, ports: readonly [number, number] = [6881, 51413]): Uint8Array =>
  udpFrame(sender, sender.includes(':') ? REAL.v6 : WAN4, ports, PING, WAN_LINK);
const fromReal = (to: string, ports: readonly [number, number]): Uint8Array =>
  udpFrame(to.includes(':') ? REAL.v6 : WAN4, to, ports, PING);

/** Knocks of a trial whose last clear packet of the outage left at 12 s. */
async function knocks(...wan: readonly Sent[]): Promise<Measures['knocks']> {
  const uplink = [at(12, udpFrame(REAL.v4, NODE.v4, [51413, 6881], PING))];
  return (await measured({ uplink, counted: 1, wan })).measures.knocks;
}

describe('a packet from the real address', () => {
  it('exposes it to the party of the swarm it reaches, whatever it says', async () => {
    const uplink = [at(12, udpFrame(INNER.v4, PEER.v4, [51413, 51413], NOTHING_KNOWN))];
    const wan = [
      at(9, fromReal(TRACKER.v4, [40000, 6969])),
      at(12, udpFrame(WAN4, PEER.v4, [51413, 51413], NOTHING_KNOWN)),
      at(12.0001, udpFrame(WAN4, PEER.v4, [51413, 51413], NOTHING_KNOWN)),
      at(13, toReal(NODE.v4)),
      at(13, udpFrame(WAN4, '198.18.0.7', [1, 9], NOTHING_KNOWN)),
      at(13, udpFrame(ENDPOINT.v4, PEER.v4, [51413, 51413], NOTHING_KNOWN)),
      at(22, fromReal(NODE.v6, [51413, 6881])),
      at(END + 1, fromReal(NODE.v6, [51413, 6881])),
    ];
    const { measures } = await measured({ uplink, counted: 1, wan });
    const row = (
      party: string,
      id: string,
      phase: string,
      address: string,
      times: number,
      first: number,
      last: number,
    ) => ({
      ...{ party, id, by: 'source', phase, address, how: 'packet', times, firstNs: first * S, lastNs: last * S },
    });
    assert.deepEqual(measures.exposures, [
      row('tracker', 'tracker', 'baseline', WAN4, 1, 9, 9),
      row('peer', 'peer-0', 'gap', WAN4, 2, 12, 12.0001),
      row('dht', 'node-0', 'recovery', REAL.v6, 1, 22, 22),
    ]);
  });

  it('tells parties at one address apart by their ports', async () => {
    const router = { id: 'router', addresses: [NODE.v4], port: 25401 };
    const change = (record: TrialRecord): TrialRecord => ({
      ...record,
      swarm: { ...SWARM, dhtNodes: [...SWARM.dhtNodes, router] },
    });
    const wan = [6881, 25401, 1].map((port, index) => at(12 + index, fromReal(NODE.v4, [51413, port])));
    const { measures } = await measured({ wan, change });
    assert.deepEqual(
      measures.exposures.map(({ id, times }) => [id, times]),
      [
        ['node-0', 2],
        ['router', 1],
      ],
    );
  });
});

describe('a knock', () => {
  it('is a packet of the swarm to the real address after containment', async () => {
    const found = await knocks(
      at(11, toReal(NODE.v4)),
      at(13, toReal(NODE.v4)),
      at(14, toReal(PEER.v6)),
      at(15, toReal(NODE.v4)),
      at(16, tcpFrame(TRACKER.v4, WAN4, [6969, 40000], bytes(), WAN_LINK)),
      at(17, icmpFrame(NODE.v4, WAN4, 3, WAN_LINK)),
      at(END + 1, toReal(NODE.v4)),
    );
    assert.deepEqual(found, { packets: 5, senders: 3, firstNs: 13 * S, lastNs: 17 * S });
  });

  it('is not a packet of others, to others, or of the lab', async () => {
    const found = await knocks(
      at(13, toReal('203.0.113.53')),
      at(13, toReal('198.18.0.7')),
      at(13, udpFrame(NODE.v4, '203.0.113.3', [6881, 51413], PING, WAN_LINK)),
      at(13, udpFrame(NODE.v4, WAN4, [6881, 51413], bytes('KSL-CANARY0123456789'), WAN_LINK)),
      at(13, fromReal(NODE.v4, [51413, 6881])),
    );
    assert.deepEqual(found, { packets: 0, senders: 0, firstNs: null, lastNs: null });
  });

  it('is not an answer of the recovery', async () => {
    const found = await knocks(
      at(12.5, fromReal(NODE.v4, [50000, 6881])),
      at(13, toReal(NODE.v4, [6881, 50000])),
      at(21, fromReal(NODE.v4, [50000, 6881])),
      at(22, toReal(NODE.v4, [6881, 50000])),
      at(23, toReal(NODE.v4, [6881, 50001])),
    );
    assert.deepEqual(found, { packets: 2, senders: 1, firstNs: 13 * S, lastNs: 23 * S });
  });

  it('goes on to the horizon, where there is one, and is counted apart once the client has gone', async () => {
    const change = (record: TrialRecord): TrialRecord => ({
      ...record,
      aftermath: { everyNs: S, horizonNs: 50 * S, clientGoneNs: 30 * S, endNs: 60 * S, infrastructure: [] },
    });
    const wan = [13, 29, 40, 59].map((second) => at(second, toReal(second === 59 ? PEER.v4 : NODE.v4)));
    const { measures } = await measured({ wan: [...wan, at(61, toReal(NODE.v4))], change });
    assert.deepEqual(measures.knocks, { packets: 4, senders: 2, firstNs: 13 * S, lastNs: 59 * S });
    assert.deepEqual(measures.knocksAfterClient, { packets: 2, senders: 2, firstNs: 40 * S, lastNs: 59 * S });
    assert.deepEqual(
      measures.knocksBySecond?.map(({ second }) => second),
      [3, 19, 30, 49],
    );
  });

  it('counts from the fault where no clear packet left', async () => {
    const { measures } = await measured({ wan: [at(9, toReal(NODE.v4)), at(10.5, toReal(NODE.v4))] });
    assert.deepEqual(measures.knocks, { packets: 1, senders: 1, firstNs: 10.5 * S, lastNs: 10.5 * S });
  });
});
