import assert from 'node:assert/strict';
import { FlowTable, NO_FLOW } from '../../../src/analysis/classify/flows.ts';
import { Frame } from '../../../src/analysis/capture/frame.ts';
import { CLASS } from '../../../src/analysis/classify/classes.ts';
import { Classifier } from '../../../src/analysis/classify/classifier.ts';
import { ClearTally } from '../../../src/analysis/classify/tally.ts';
import { ROUTER_MAC, bytes, frame, tcpFrame, udp, udpFrame } from '../../kit/frames.ts';
import {
  HANDSHAKE,
  HTTP_ANNOUNCE,
  NODE,
  PEER,
  PING,
  REAL,
  STRANGER,
  TRACKER,
  TRACKER_CONNECT,
  UTP_SYN,
} from '../../kit/planted.ts';
import { CLIENT, Judge, SWARM } from '../../kit/judged.ts';

const INCOMING = { from: ROUTER_MAC, to: '02:00:00:00:01:02' };
const NOISE = bytes(...Array.from({ length: 60 }, (_, at) => (at * 89 + 0x80) & 0xff));

describe('the class of a flow', () => {
  it('is kept once bytes have shown it, whatever comes after', () => {
    const judge = new Judge();
    assert.equal(judge.of(tcpFrame(REAL.v4, STRANGER.v4, [40000, 6000], NOISE)), 'other v4 real');
    assert.equal(judge.of(tcpFrame(REAL.v4, STRANGER.v4, [40000, 6000], HANDSHAKE)), 'peer-tcp v4 real');
    assert.equal(judge.of(tcpFrame(REAL.v4, STRANGER.v4, [40000, 6000], NOISE)), 'peer-tcp v4 real');
    assert.equal(judge.of(tcpFrame(REAL.v4, STRANGER.v4, [40001, 6000], NOISE)), 'other v4 real');
    assert.equal(judge.of(tcpFrame(REAL.v4, STRANGER.v4, [40000, 6000], HTTP_ANNOUNCE)), 'peer-tcp v4 real');
  });

  it('is learnt from what comes in', () => {
    const judge = new Judge();
    assert.equal(judge.of(tcpFrame(STRANGER.v6, REAL.v6, [6000, 40000], HANDSHAKE, INCOMING)), 'not leaving');
    assert.equal(judge.of(tcpFrame(REAL.v6, STRANGER.v6, [40000, 6000], bytes())), 'peer-tcp v6 real');
    assert.equal(judge.of(udpFrame(STRANGER.v4, REAL.v4, [6000, 51413], TRACKER_CONNECT, INCOMING)), 'not leaving');
    assert.equal(judge.of(udpFrame(REAL.v4, STRANGER.v4, [51413, 6000], NOISE)), 'tracker-udp v4 real');
  });

  it('follows each datagram where DHT and uTP share a port', () => {
    const judge = new Judge();
    const send = (payload: Uint8Array): string => judge.of(udpFrame(REAL.v4, STRANGER.v4, [51413, 6881], payload));
    assert.deepEqual([PING, UTP_SYN, PING, NOISE].map(send), [
      'dht v4 real',
      'peer-utp v4 real',
      'dht v4 real',
      'dht v4 real',
    ]);
  });

  it('is not changed by what only looks like uTP', () => {
    const judge = new Judge();
    const send = (payload: Uint8Array): string => judge.of(udpFrame(REAL.v4, STRANGER.v4, [51413, 6969], payload));
    assert.deepEqual([TRACKER_CONNECT, UTP_SYN].map(send), ['tracker-udp v4 real', 'tracker-udp v4 real']);
  });

  it('comes from known addresses and ports where bytes show nothing', () => {
    const known = (data: Uint8Array): string => new Judge(CLIENT, SWARM).of(data);
    for (const version of ['v4', 'v6'] as const) {
      const tcp = (to: string, port: number): string => known(tcpFrame(REAL[version], to, [40000, port], bytes()));
      const datagram = (to: string, port: number): string => known(udpFrame(REAL[version], to, [40000, port], NOISE));
      assert.equal(tcp(TRACKER[version], 6969), `tracker-http ${version} real`);
      assert.equal(datagram(TRACKER[version], 6969), `tracker-udp ${version} real`);
      assert.equal(datagram(NODE[version], 6881), `dht ${version} real`);
      assert.equal(tcp(PEER[version], 51413), `peer-tcp ${version} real`);
      assert.equal(tcp(PEER[version], 33333), `peer-tcp ${version} real`, 'a connection the peer made');
      assert.equal(datagram(PEER[version], 51413), `peer-utp ${version} real`);
      assert.equal(tcp(STRANGER[version], 51413), `other ${version} real`);
      // Bytes come first: a peer's address does not make a DHT query a peer packet.
      assert.equal(known(udpFrame(REAL[version], PEER[version], [1, 51413], PING)), `dht ${version} real`);
    }
  });

  it('taken from an address gives way to what bytes show later', () => {
    const judge = new Judge(CLIENT, SWARM);
    const send = (payload: Uint8Array): string => judge.of(tcpFrame(REAL.v4, TRACKER.v4, [40000, 6969], payload));
    assert.deepEqual([bytes(), HANDSHAKE, bytes()].map(send), [
      'tracker-http v4 real',
      'peer-tcp v4 real',
      'peer-tcp v4 real',
    ]);
  });

  it('at a host of several parts is that of the port, else of the first part', () => {
    const both = { ...SWARM, peers: [{ id: 'peer-0', addresses: [TRACKER.v4], port: 51413 }] };
    const to = (port: number): string =>
      new Judge(CLIENT, both).of(tcpFrame(REAL.v4, TRACKER.v4, [40000, port], bytes()));
    assert.deepEqual([51413, 6969, 33333].map(to), [
      'peer-tcp v4 real',
      'tracker-http v4 real',
      'tracker-http v4 real',
    ]);
  });
});

describe('the class of a flow, for its other packets', () => {
  it('is that of the first fragment for the later ones', () => {
    const judge = new Judge();
    const more = 0x2000;
    const piece = (id: number, fragment: number, payload: Uint8Array): string =>
      judge.of(frame({ protocol: 17, from: REAL.v4, to: STRANGER.v4, payload, fragment, id }));
    assert.equal(piece(5, more, udp(51413, 6000, PING)), 'dht v4 real');
    assert.equal(piece(5, more | 8, NOISE), 'dht v4 real');
    assert.equal(piece(5, 16, NOISE), 'dht v4 real');
    assert.equal(piece(6, 16, NOISE), 'other v4 real');
    const piece6 = (id: number, offset: number, payload: Uint8Array): string =>
      judge.of(
        frame({
          protocol: 17,
          from: REAL.v6,
          to: STRANGER.v6,
          payload,
          extensions: [{ number: 44, body: bytes(0, offset >> 8, offset & 0xff, 0, 0, 0, id) }],
        }),
      );
    assert.equal(piece6(5, 1, udp(51413, 6000, PING)), 'dht v6 real');
    assert.equal(piece6(5, 8, NOISE), 'dht v6 real');
    assert.equal(piece6(6, 8, NOISE), 'other v6 real');
    assert.equal(piece6(7, 0, udp(51413, 6000, PING)), 'dht v6 real', 'an atomic fragment is a whole packet');
  });

  it('names the packets that came before it was known, in the tally', () => {
    const classifier = new Classifier(CLIENT, null);
    const tally = new ClearTally(2);
    const at = new Frame();
    const send = (span: number, data: Uint8Array, atNs: number): void => {
      at.view = new DataView(data.buffer, data.byteOffset, data.length);
      at.captured = at.original = data.length;
      at.linkType = 1;
      tally.add(span, classifier.judge(at), data.length, atNs);
    };
    const syn = tcpFrame(REAL.v4, STRANGER.v4, [40000, 6000], bytes());
    const lost = tcpFrame(REAL.v4, STRANGER.v4, [40001, 6000], bytes());
    const handshake = tcpFrame(REAL.v4, STRANGER.v4, [40000, 6000], HANDSHAKE);
    send(0, syn, 10);
    send(1, syn, 20);
    send(1, handshake, 30);
    send(1, lost, 40);
    const base = { family: 'v4', source: 'real' };
    assert.deepEqual(tally.rows(classifier), [
      { span: 0, count: { ...base, class: 'peer-tcp', packets: 1, bytes: syn.length, firstNs: 10, lastNs: 10 } },
      {
        span: 1,
        count: {
          ...base,
          class: 'peer-tcp',
          packets: 2,
          bytes: syn.length + handshake.length,
          firstNs: 20,
          lastNs: 30,
        },
      },
      { span: 1, count: { ...base, class: 'other', packets: 1, bytes: lost.length, firstNs: 40, lastNs: 40 } },
    ]);
  });
});

describe('the flow table', () => {
  it('tells thousands of flows apart and keeps what it learnt of each, through its growth', () => {
    const flows = new FlowTable();
    const addresses = new DataView(new ArrayBuffer(32));
    const find = (n: number, v6: boolean): number => {
      addresses.setUint32(v6 ? 16 + 4 * (n % 4) : 16, n);
      const flow = flows.find(6, n % 7, addresses, 0, 16, v6);
      addresses.setBigUint64(16, 0n);
      addresses.setBigUint64(24, 0n);
      return flow;
    };
    const seen = new Set<number>();
    for (let n = 0; n < 20_000; n++) {
      for (const v6 of [false, true]) {
        const flow = find(n, v6);
        assert.ok(flows.isNew && flow !== NO_FLOW && !seen.has(flow), `flow ${n}`);
        seen.add(flow);
        flows.learn(flow, n % 12, v6);
      }
    }
    for (let n = 0; n < 20_000; n++) {
      for (const v6 of [false, true]) {
        const flow = find(n, v6);
        assert.ok(!flows.isNew);
        assert.equal(flows.classOf(flow), n % 12);
        assert.equal(flows.isProven(flow), v6);
      }
    }
  });

  it('judges flows it has no room for by their own bytes', () => {
    const flows = new FlowTable();
    const addresses = new DataView(new ArrayBuffer(8));
    let flow = 0;
    for (let n = 0; n <= 1 << 19; n++) {
      addresses.setUint32(4, n);
      flow = flows.find(17, 0, addresses, 0, 4, false);
    }
    assert.equal(flow, NO_FLOW);
    flows.learn(flow, CLASS.dht, true);
    assert.equal(flows.classOf(flow), -1);
    assert.equal(flows.isProven(flow), false);
  }).timeout(10_000);
});
