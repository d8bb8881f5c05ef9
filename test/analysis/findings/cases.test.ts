/** Kinds of trial whose right answer is known from packets and records of real ones, in small: see each title. */
import assert from 'node:assert/strict';
import type { Findings, TrialPhase } from '../../../src/records/findings.ts';
import type { InstrumentEvent, TimelineEvent } from '../../../src/records/timeline.ts';
import type { TrialRecord } from '../../../src/records/trial-record.ts';
import { type Sent, bytes, frame, tcp, udpFrame } from '../../kit/frames.ts';
import { END, RESTORED, S, WAN4, at, measured, type Trial } from '../../kit/invented-trial.ts';
import { SWARM } from '../../kit/judged.ts';
import { ENDPOINT, INNER, NODE, PEER, PING, REAL, TRACKER } from '../../kit/planted.ts';

const SYN = 0x02;
const RST = 0x04;
const DEAD = '198.18.0.12';
const RESOLVER = '203.0.113.53';
const LSD = bytes('BT-SEARCH * HTTP/1.1\r\n\r\n');
const NAME = bytes(0x21, 1, 1, 0, 0, 1, new Uint8Array(6), 4, 'test', 0, 0, 1, 0, 1);

async function found(trial: Trial): Promise<Findings> {
  const { measures } = await measured({ counted: trial.uplink?.length ?? 0, ...trial });
  assert.ok(measures.findings !== undefined);
  return measures.findings;
}

const reachOf = ({ phases }: Findings): Partial<Record<TrialPhase, string>> =>
  Object.fromEntries(phases.map(({ phase, reach }) => [phase, reach]));

const segment = (from: string, to: string, ports: readonly [number, number], flags: number): Uint8Array =>
  frame({ protocol: 6, from, to, payload: tcp(ports[0], ports[1], bytes(), flags) });

function crossing(seconds: number, build: (source: string) => Uint8Array, source: string = REAL.v4) {
  const translated = source.includes(':') ? source : WAN4;
  return { uplink: at(seconds, build(source)), wan: at(seconds + 0.0001, build(translated)) };
}

function trialOf(...packets: readonly { readonly uplink?: Sent; readonly wan?: Sent }[]): {
  uplink: Sent[];
  wan: Sent[];
} {
  return {
    uplink: packets.flatMap(({ uplink }) => (uplink === undefined ? [] : [uplink])),
    wan: packets.flatMap(({ wan }) => (wan === undefined ? [] : [wan])),
  };
}

const asked = (seconds: number): InstrumentEvent => ({
  ...{ kind: 'resolver-query', atNs: seconds * S, party: 'resolver', sourceAddress: WAN4, sourcePort: 5000 },
  ...{ name: 'tracker.test', type: 'A' },
});
const withDeadTracker = (record: TrialRecord): TrialRecord => ({
  ...record,
  swarm: {
    ...SWARM,
    trackers: [...SWARM.trackers, { id: 'deaf', addresses: [DEAD], httpPort: 6969, udpPort: 6969, answers: false }],
  },
});

describe('a client that is bound', () => {
  it('and announces at its start without the binding reaches the swarm before any fault', async () => {
    const nodes = Array.from({ length: 9 }, (_, index) => `198.18.${20 + index}.1`);
    const change = (record: TrialRecord): TrialRecord => ({
      ...record,
      swarm: {
        ...SWARM,
        dhtNodes: nodes.map((address, index) => ({ id: `node-${index}`, addresses: [address], port: 6881 })),
      },
    });
    const queries = nodes.map((node, index) =>
      crossing(1.1 + index / 100, (source) => udpFrame(source, node, [6881, 6881], PING)),
    );
    const search = { uplink: at(1.3, udpFrame(REAL.v4, '239.192.152.143', [6771, 6771], LSD)) };
    const findings = await found({ ...trialOf(...queries, search), change });
    assert.deepEqual(reachOf(findings), { start: 'swarm', steady: 'none', outage: 'none' });
    assert.equal(findings.disclosures.filter(({ way, author }) => way === 'source' && author === 'client').length, 9);
  });

  it('tries a second address of a tracker past its binding: path by the first, swarm by the second', async () => {
    const findings = await found({
      ...trialOf(
        crossing(12, (source) => segment(source, DEAD, [4000, 6969], SYN), INNER.v4),
        crossing(13, (source) => segment(source, TRACKER.v4, [4001, 6969], SYN)),
      ),
      change: withDeadTracker,
    });
    assert.deepEqual(
      findings.clear.map(({ source, author, scope }) => [source, author, scope]),
      [
        ['tunnel', 'client', 'path'],
        ['real', 'client', 'path'],
      ],
    );
    assert.deepEqual(
      findings.disclosures.map(({ party, way, author, sources }) => [party.kind, way, author, sources]),
      [['tracker', 'source', 'client', ['real']]],
    );
    const first = await found({
      ...trialOf(crossing(12, (source) => segment(source, DEAD, [4000, 6969], SYN), INNER.v4)),
      change: withDeadTracker,
    });
    assert.equal(reachOf(first).outage, 'path');
    const local = await found({ uplink: [at(12, udpFrame(REAL.v6, 'ff15::efc0:988f', [6771, 6771], LSD))] });
    assert.equal(reachOf(local).outage, 'lan');
  });

  it('and falls back to the loopback’s address goes no further than the path, its name look-up to a service', async () => {
    const syns = Array.from({ length: 3 }, (_, index) =>
      crossing(11 + index, (source) => segment(source, PEER.v6, [4000 + index, 51413], SYN), '::1'),
    );
    const alone = await found(trialOf(...syns));
    assert.deepEqual([reachOf(alone).outage, alone.disclosures], ['path', []]);
    assert.deepEqual(
      alone.clear.map(({ source, packets, scope }) => [source, packets, scope]),
      [['other', 3, 'path']],
    );
    const name = crossing(15, (source) => udpFrame(source, RESOLVER, [5000, 53], NAME));
    const findings = await found({ ...trialOf(...syns, name), timeline: [asked(15.002)] });
    assert.equal(reachOf(findings).outage, 'service');
  });

  it('and started without its device asks for names in the clear: a service, and no swarm', async () => {
    const name = crossing(2, (source) => udpFrame(source, RESOLVER, [5000, 53], NAME));
    const findings = await found({ ...trialOf(name), timeline: [asked(2.002)] });
    assert.deepEqual(reachOf(findings), { start: 'service', steady: 'none', outage: 'none' });
  });
});

describe('packets that are not the client’s', () => {
  it('are the router’s answers to those who knock', async () => {
    const knocked = (seconds: number): InstrumentEvent => ({
      ...{ kind: 'peer-connection', atNs: seconds * S, party: 'peer-0', transport: 'tcp', direction: 'outgoing' },
      ...{ sourceAddress: WAN4, sourcePort: 51413 },
    });
    const wan = [11.6, 15, 19].map((seconds) => at(seconds, segment(WAN4, PEER.v4, [51413, 51413], RST)));
    const findings = await found({ wan, timeline: [11.59, 14.99, 18.99].map(knocked) });
    assert.deepEqual([findings.routerPackets, findings.disclosures, reachOf(findings).outage], [3, [], 'none']);
  });
});

describe('a leak that no fault caused', () => {
  it('is there in the steady state and in the outage alike', async () => {
    const packets = [6, 8, 12, 15].map((seconds) =>
      crossing(seconds, (source) => udpFrame(source, NODE.v4, [6881, 6881], PING)),
    );
    const findings = await found(trialOf(...packets));
    assert.deepEqual(reachOf(findings), { start: 'none', steady: 'swarm', outage: 'swarm' });
    assert.deepEqual(
      findings.disclosures.map(({ phase, before }) => [phase, before]),
      [
        ['steady', false],
        ['outage', true],
      ],
    );
  });
});

describe('what works again', () => {
  const exit = { sourceAddress: ENDPOINT.v4, sourcePort: 4000 };
  const announce = (seconds: number, transport: 'http' | 'udp'): InstrumentEvent => ({
    ...{ kind: 'tracker-announce', atNs: seconds * S, party: 'tracker', transport, ...exit, infoHash: SWARM.infoHash },
    ...{ peerId: '-qB-', port: 1, event: '', claimedAddresses: [] },
  });
  const query = (seconds: number): InstrumentEvent => ({
    ...{ kind: 'dht-query', atNs: seconds * S, party: 'node-0', ...exit, query: 'ping', nodeId: '00'.repeat(20) },
    ...{ infoHash: null, port: null },
  });
  const connected = (seconds: number, transport: 'tcp' | 'utp', sourcePort: number): InstrumentEvent => ({
    ...{ kind: 'peer-connection', atNs: seconds * S, party: 'peer-0', transport, direction: 'incoming' },
    ...{ sourceAddress: ENDPOINT.v4, sourcePort },
  });
  const piece = (seconds: number, sourcePort: number): InstrumentEvent => ({
    ...{
      kind: 'peer-piece',
      atNs: seconds * S,
      party: 'peer-0',
      sourceAddress: ENDPOINT.v4,
      sourcePort,
      totalBytes: 1,
    },
  });
  const before: readonly TimelineEvent[] = [
    ...[connected(3, 'tcp', 1), connected(3, 'utp', 2)],
    ...[4, 6, 8, 9.5].flatMap((seconds) => [
      ...[piece(seconds, 1), piece(seconds, 2), query(seconds), announce(seconds, 'http')],
    ]),
    announce(4, 'udp'),
  ].toSorted((a, b) => a.atNs - b.atNs);

  it('is told apart by its ways: back, never within what was watched, or not to be expected yet', async () => {
    const { availability } = await found({ timeline: [...before, announce(22, 'http'), piece(23, 1)] });
    assert.deepEqual(availability, {
      ...{ state: 'recovered', seconds: 3 },
      ways: [
        { way: 'tcp', state: 'recovered', seconds: 3 },
        { way: 'utp', state: 'never', seconds: END - RESTORED },
        { way: 'dht', state: 'never', seconds: END - RESTORED },
        { way: 'announce-http', state: 'recovered', seconds: 2 },
        { way: 'announce-udp', state: 'not-asked', seconds: null },
      ],
    });
  });

  it('may be the announces alone, without payload', async () => {
    const { availability } = await found({ timeline: [...before, announce(22, 'http')] });
    assert.equal(availability.state, 'never');
    assert.deepEqual(
      availability.ways?.map(({ way, state }) => `${way} ${state}`),
      ['tcp never', 'utp never', 'dht never', 'announce-http recovered', 'announce-udp not-asked'],
    );
  });

  it('is not asked of a client that is gone', async () => {
    const gone: TimelineEvent = { kind: 'client-exited', atNs: 12 * S, status: 'signal SIGKILL' };
    const { availability } = await found({ timeline: [...before, gone] });
    assert.deepEqual(
      new Set([availability.state, ...(availability.ways ?? []).map(({ state }) => state)]),
      new Set(['not-asked']),
    );
  });

  it('counts what a peer opens to the exit as incoming', async () => {
    const opened = (seconds: number): InstrumentEvent => ({
      ...{
        kind: 'peer-connection',
        atNs: seconds * S,
        party: 'peer-0',
        transport: 'tcp',
        direction: 'outgoing',
        ...exit,
      },
    });
    const { availability } = await found({ timeline: [opened(4), piece(8, 4000), opened(21), piece(22, 4000)] });
    assert.deepEqual(availability.ways, [{ way: 'incoming', state: 'recovered', seconds: 2 }]);
  });
});
