/** What is found in planted trials: who learnt what, when, by whom and by which way. */
import assert from 'node:assert/strict';
import type { Findings, TrialPhase } from '../../../src/records/findings.ts';
import type { TimelineEvent } from '../../../src/records/timeline.ts';
import type { TrialRecord } from '../../../src/records/trial-record.ts';
import { testCell } from '../../kit/cells.ts';
import { type Sent, bytes, frame, icmpFrame, tcp, udpFrame } from '../../kit/frames.ts';
import { SWARM } from '../../kit/judged.ts';
import { END, RESTORED, S, WAN4, at, measured, type Trial } from '../../kit/invented-trial.ts';
import { ENDPOINT, ENDPOINT_PORT, INNER, NODE, PEER, PING, REAL, TRACKER } from '../../kit/planted.ts';

const SYN = 0x02;
const RST = 0x04;
const FIN_ACK = 0x11;
const WAN_LINK = { from: '02:00:00:00:02:01', to: '02:00:00:00:02:02' };
/** The way from the uplink through the home router. */
const FORWARDED = 0.0001;

async function found(trial: Trial): Promise<Findings> {
  const { measures } = await measured(trial);
  assert.ok(measures.findings !== undefined);
  return measures.findings;
}

const reachIn = ({ phases }: Findings, phase: TrialPhase): string | undefined =>
  phases.find((each) => each.phase === phase)?.reach;

const tcpPacket = (from: string, to: string, ports: readonly [number, number], flags: number): Uint8Array =>
  frame({ protocol: 6, from, to, payload: tcp(ports[0], ports[1], bytes(), flags) });

/** One packet as the client's link and, after the NAT, the internet see it. */
function crossing(seconds: number, build: (source: string) => Uint8Array, source: string = REAL.v4) {
  const translated = source.includes(':') ? source : WAN4;
  return { uplink: [at(seconds, build(source))], wan: [at(seconds + FORWARDED, build(translated))] };
}

function together(...parts: readonly { readonly uplink: Sent[]; readonly wan: Sent[] }[]) {
  return { uplink: parts.flatMap(({ uplink }) => uplink), wan: parts.flatMap(({ wan }) => wan) };
}

const data = (length: number): Uint8Array => bytes(4, 0, 0, 0, new Uint8Array(length - 4));
const toServer = (payload: Uint8Array): Uint8Array =>
  udpFrame(WAN4, ENDPOINT.v4, [51820, ENDPOINT_PORT], payload, WAN_LINK);
const fromServer = (payload: Uint8Array): Uint8Array =>
  udpFrame(ENDPOINT.v4, WAN4, [ENDPOINT_PORT, 51820], payload, WAN_LINK);
/** The tunnel carries traffic from `seconds` on. */
const back = (seconds: number): Sent[] => [at(seconds, toServer(data(96))), at(seconds + 0.01, fromServer(data(96)))];

const exited = (seconds: number, status = 'signal SIGKILL'): TimelineEvent => ({
  kind: 'client-exited',
  atNs: seconds * S,
  status,
});
const acting = (seconds: number): TimelineEvent => ({
  kind: 'switch',
  atNs: seconds * S,
  stage: 'acting',
  detail: 'SIGKILL to 258',
});

describe('the phases of a trial', () => {
  it('end the outage when the tunnel carries traffic again, not when its reversal begins', async () => {
    const late = crossing(RESTORED + 2, (source) => udpFrame(source, NODE.v4, [51413, 6881], PING));
    const { phases, latency } = await found({ ...late, wan: [...late.wan, ...back(RESTORED + 3)], counted: 1 });
    assert.deepEqual(
      phases.map(({ phase, reach }) => [phase, reach]),
      [
        ['start', 'none'],
        ['steady', 'none'],
        ['outage', 'swarm'],
        ['recovery', 'none'],
      ],
    );
    assert.equal(latency.tunnelBackNs, Math.round((RESTORED + 3.01 - 10) * S));
  });

  const KEEPALIVE = 32;
  const seenBack: readonly (readonly [string, readonly Sent[], boolean])[] = [
    ['data both ways', back(21), true],
    [
      'a handshake that is answered and confirmed',
      [at(21, fromServer(bytes(2, new Uint8Array(91)))), at(21.1, toServer(data(KEEPALIVE)))],
      true,
    ],
    ['data of the server alone', [at(21, fromServer(data(96)))], false],
    ['data of the client alone', [at(21, toServer(data(96)))], false],
    ['a handshake that is not confirmed', [at(21, fromServer(bytes(2, new Uint8Array(91))))], false],
    ['keepalives', [at(21, toServer(data(KEEPALIVE))), at(21.1, fromServer(data(KEEPALIVE)))], false],
    ['data before the reversal', [...back(15), at(21, fromServer(data(96)))], false],
  ];
  for (const [what, wan, isBack] of seenBack) {
    it(`${isBack ? 'count' : 'do not count'} ${what} as a tunnel that is back`, async () => {
      const { phases } = await found({ wan });
      assert.equal(
        phases.some(({ phase }) => phase === 'recovery'),
        isBack,
      );
    });
  }

  it('end the window of a placebo where it was to end, with no tunnel to wait for', async () => {
    const cell = testCell({ fault: 'none' });
    const { phases, latency, availability } = await found({ wan: [], change: (record) => ({ ...record, cell }) });
    const recovery = phases.find(({ phase }) => phase === 'recovery');
    assert.equal(recovery?.fromNs, RESTORED * S);
    assert.equal(latency.tunnelBackNs, null);
    assert.deepEqual(availability, { state: 'not-asked', seconds: null });
  });

  it('are those it had, when it broke off before its fault', async () => {
    const change = (record: TrialRecord): TrialRecord => ({
      ...record,
      outcome: { status: 'failed', stage: 'waiting for steady state', reason: 'no payload' },
      instants: { ...record.instants, steadyNs: null, fault: null, restored: null, endNs: null },
    });
    const early = crossing(3, (source) => udpFrame(source, NODE.v4, [51413, 6881], PING));
    const closing: TimelineEvent = { kind: 'note', atNs: 8 * S, text: 'the end' };
    const findings = await found({ ...early, counted: 1, change, timeline: [closing] });
    assert.deepEqual(
      findings.phases.map(({ phase, reach }) => [phase, reach]),
      [['start', 'swarm']],
    );
    assert.ok(findings.doubts.length > 0);
  });
});

describe('a disclosure', () => {
  it('counts before the fault, with the phase it came in', async () => {
    const findings = await found({
      ...together(
        crossing(3, (source) => udpFrame(source, NODE.v4, [51413, 6881], PING)),
        crossing(7, (source) => udpFrame(source, NODE.v4, [51413, 6881], PING)),
      ),
      counted: 2,
    });
    assert.deepEqual(
      findings.disclosures.map(({ phase, party, way, author, before, sources }) => ({
        ...{ phase, id: party.id, way, author, before, sources },
      })),
      [
        { phase: 'start', id: 'node-0', way: 'source', author: 'client', before: false, sources: ['real'] },
        { phase: 'steady', id: 'node-0', way: 'source', author: 'client', before: true, sources: ['real'] },
      ],
    );
    assert.equal(reachIn(findings, 'steady'), 'swarm');
    assert.equal(reachIn(findings, 'outage'), 'none');
  });

  it('is one by content when an announce through the tunnel names the real address', async () => {
    const announce: TimelineEvent = {
      kind: 'tracker-announce',
      atNs: 3 * S,
      party: 'tracker',
      transport: 'http',
      sourceAddress: ENDPOINT.v4,
      sourcePort: 4000,
      infoHash: SWARM.infoHash,
      peerId: '-TR3000-',
      port: 51413,
      event: 'started',
      claimedAddresses: [REAL.v6],
    };
    const findings = await found({ timeline: [announce] });
    assert.deepEqual(findings.disclosures, [
      {
        ...{ atNs: 3 * S, lastNs: 3 * S, times: 1, party: { kind: 'tracker', id: 'tracker' }, way: 'content' },
        ...{ address: REAL.v6, family: 'v6', fields: ['announce ip='], sources: [], author: 'client' },
        ...{ phase: 'start', before: false },
      },
    ]);
    assert.equal(reachIn(findings, 'start'), 'swarm');
  });

  it('belongs to the phase of its packet, when the party writes it down after the fault', async () => {
    const query: TimelineEvent = {
      kind: 'dht-query',
      atNs: 10.2 * S,
      party: 'node-0',
      sourceAddress: WAN4,
      sourcePort: 51413,
      query: 'get_peers',
      nodeId: '00'.repeat(20),
      infoHash: null,
      port: null,
    };
    const packet = crossing(9.99, (source) => udpFrame(source, NODE.v4, [51413, 6881], PING));
    const findings = await found({ ...packet, counted: 1, timeline: [query] });
    assert.equal(reachIn(findings, 'steady'), 'swarm');
    assert.equal(reachIn(findings, 'outage'), 'none');
    assert.deepEqual(findings.disclosures[0]?.fields, ['get_peers', 'packet']);
  });
});

describe('the reach of a disclosure', () => {
  it('is none when a party hands a block to an address that sends no more', async () => {
    const piece: TimelineEvent = {
      kind: 'peer-piece',
      atNs: 15 * S,
      party: 'peer-0',
      sourceAddress: WAN4,
      sourcePort: 51413,
      totalBytes: 16384,
    };
    const findings = await found({ timeline: [piece] });
    assert.deepEqual(findings.disclosures, []);
    assert.equal(reachIn(findings, 'outage'), 'none');
  });

  it('of a name asked at the real resolver reaches a service', async () => {
    const query: TimelineEvent = {
      kind: 'resolver-query',
      atNs: 12 * S,
      party: 'resolver-0',
      sourceAddress: WAN4,
      sourcePort: 5000,
      name: 'tracker.swarm.test',
      type: 'A',
    };
    const findings = await found({ timeline: [query] });
    assert.equal(reachIn(findings, 'outage'), 'service');
  });

  it('reaches the local network alone by local service discovery', async () => {
    const lsd = udpFrame(REAL.v4, '239.192.152.143', [6771, 6771], bytes('BT-SEARCH * HTTP/1.1\r\n'));
    const findings = await found({ uplink: [at(12, lsd)], counted: 1 });
    assert.equal(reachIn(findings, 'outage'), 'lan');
  });
});

describe('a TCP segment', () => {
  it('that opens a connection tells the party', async () => {
    const syn = crossing(12, (source) => tcpPacket(source, TRACKER.v4, [4000, 6969], SYN));
    const findings = await found({ ...syn, counted: 1 });
    assert.equal(reachIn(findings, 'outage'), 'swarm');
  });

  it('of a connection that the party never had from there goes no further than the path', async () => {
    const fin = crossing(12, (source) => tcpPacket(source, PEER.v4, [4000, 51413], FIN_ACK), INNER.v4);
    const findings = await found({ ...fin, counted: 1 });
    assert.equal(reachIn(findings, 'outage'), 'path');
    assert.deepEqual(findings.disclosures, []);
    assert.equal(findings.clear[0]?.source, 'tunnel');
  });

  it('to an address where nobody answers goes no further than the path', async () => {
    const dead = { id: 'deaf', addresses: ['198.18.0.12'], httpPort: 6969, udpPort: 6969, answers: false as const };
    const change = (record: TrialRecord): TrialRecord => ({
      ...record,
      swarm: { ...SWARM, trackers: [...SWARM.trackers, dead] },
    });
    const syn = crossing(12, (source) => tcpPacket(source, '198.18.0.12', [4000, 6969], SYN));
    assert.equal(reachIn(await found({ ...syn, counted: 1, change }), 'outage'), 'path');
  });
});

describe('the author of a packet', () => {
  it('is the home router for one that never crossed the uplink', async () => {
    const rst = at(15, frame({ protocol: 6, from: WAN4, to: PEER.v4, payload: tcp(51413, 51413, bytes(), RST) }));
    const findings = await found({ wan: [rst, at(15.1, icmpFrame(WAN4, NODE.v4, 3))] });
    assert.equal(findings.routerPackets, 2);
    assert.deepEqual(findings.disclosures, []);
    assert.equal(reachIn(findings, 'outage'), 'none');
  });

  const authors: readonly (readonly [string, readonly Sent[], readonly TimelineEvent[], string])[] = [
    ['a datagram of a living client', [at(12, udpFrame(REAL.v4, NODE.v4, [51413, 6881], PING))], [], 'client'],
    ['an ICMP error', [at(12, icmpFrame(REAL.v4, NODE.v4, 3))], [], 'kernel'],
    ['an echo request', [at(12, icmpFrame(REAL.v4, NODE.v4, 8))], [], 'system'],
    ['a reset', [at(12, tcpPacket(REAL.v4, PEER.v4, [4000, 51413], RST))], [], 'kernel'],
    ['what left before the client was started', [at(0.5, udpFrame(REAL.v4, NODE.v4, [1, 6881], PING))], [], 'system'],
    [
      'a FIN after the client’s end',
      [at(13, tcpPacket(INNER.v4, PEER.v4, [4000, 51413], FIN_ACK))],
      [acting(12), exited(12.1)],
      'kernel',
    ],
    [
      'a FIN between the order to kill and the end',
      [at(12.05, tcpPacket(INNER.v4, PEER.v4, [4000, 51413], FIN_ACK))],
      [acting(12), exited(12.1)],
      'kernel',
    ],
    [
      'a FIN of a client that ends as its user asks',
      [at(12.05, tcpPacket(INNER.v4, PEER.v4, [4000, 51413], FIN_ACK))],
      [exited(12.1, 'exit code 0')],
      'client',
    ],
    [
      'a datagram after the client’s end',
      [at(13, udpFrame(REAL.v4, NODE.v4, [51413, 6881], PING))],
      [acting(12), exited(12.1)],
      'system',
    ],
    [
      'a connection of the client that was started again',
      [
        at(15, tcpPacket(REAL.v4, PEER.v4, [4001, 51413], SYN)),
        at(15.1, tcpPacket(REAL.v4, PEER.v4, [4001, 51413], 0x18)),
      ],
      [exited(12), { kind: 'client-started', atNs: 14 * S }],
      'client',
    ],
    [
      'a retransmission for the client that was before',
      [at(15, tcpPacket(REAL.v4, PEER.v4, [4000, 51413], 0x18))],
      [exited(12), { kind: 'client-started', atNs: 14 * S }],
      'kernel',
    ],
  ];
  for (const [what, uplink, timeline, author] of authors) {
    it(`of ${what} is the ${author}`, async () => {
      const { clear } = await found({ uplink, timeline, counted: uplink.length });
      assert.deepEqual([...new Set(clear.map((row) => row.author))], [author]);
    });
  }

  it('ends the client’s part of the outage, and leaves the kernel’s tail a figure of its own', async () => {
    const uplink = [
      at(11, udpFrame(REAL.v4, NODE.v4, [51413, 6881], PING)),
      at(16, tcpPacket(INNER.v4, PEER.v4, [4000, 51413], FIN_ACK)),
    ];
    const { latency } = await found({ uplink, counted: 2, timeline: [acting(12), exited(12.1)] });
    assert.equal(latency.lastClientNs, 1 * S);
    assert.equal(latency.lastKernelNs, 6 * S);
    assert.equal(latency.censored, false);
  });
});

describe('availability', () => {
  const piece = (seconds: number): TimelineEvent => ({
    kind: 'peer-piece',
    atNs: seconds * S,
    party: 'peer-0',
    sourceAddress: ENDPOINT.v4,
    sourcePort: 4000,
    totalBytes: 1,
  });

  it('says when payload came back', async () => {
    const { availability } = await found({ timeline: [piece(22)], wan: back(21) });
    assert.deepEqual(availability, { state: 'recovered', seconds: 2, ways: [] });
  });

  it('says for how long it never came back', async () => {
    const { availability } = await found({ wan: back(21) });
    assert.deepEqual(availability, { state: 'never', seconds: END - RESTORED, ways: [] });
  });

  it('does not ask it of a client that is gone', async () => {
    const { availability } = await found({ wan: back(21), timeline: [acting(12), exited(12.1)] });
    assert.deepEqual(availability, { state: 'not-asked', seconds: null, ways: [] });
  });
});
