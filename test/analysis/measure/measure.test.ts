import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { measureTrial } from '../../../src/analysis/measure/measure.ts';
import type { TimelineEvent } from '../../../src/records/timeline.ts';
import { type TrialRecord, trialRecordSchema } from '../../../src/records/trial-record.ts';
import { testCell } from '../../kit/cells.ts';
import { type Sent, bytes, icmpFrame, ndpFrame, tcpFrame, udpFrame } from '../../kit/frames.ts';
import { Blocks } from '../../kit/pcapng-blocks.ts';
import { ENDPOINT, HANDSHAKE, INNER, NODE, PEER, PING, REAL, TRACKER, arp, tunnelFrame } from '../../kit/planted.ts';
import { END, FAULT, RESTORED, S, WAN4, at, measured, recordOf } from '../../kit/invented-trial.ts';

const DHT = udpFrame(REAL.v4, NODE.v4, [51413, 6881], PING);
const SYN6 = tcpFrame(INNER.v6, PEER.v6, [40000, 51413], bytes());
const LEAK: readonly Sent[] = [
  at(9, tunnelFrame(REAL.v4)),
  at(10.5, DHT),
  at(11, SYN6),
  at(12.25, DHT),
  at(15, tunnelFrame(REAL.v4)),
];

describe('measuring a trial', () => {
  it('finds no leak in the tunnel’s datagrams, housekeeping and canaries', async () => {
    const canary = udpFrame(REAL.v4, '198.18.0.7', [1, 9], bytes('KSL-CANARY0123456789'));
    const uplink = [
      at(0.5, canary),
      at(2, arp(REAL.v4)),
      at(9, tunnelFrame(REAL.v4)),
      at(10.1, icmpFrame(REAL.v4, ENDPOINT.v4, 3)),
      at(12, ndpFrame('fe80::2', 'ff02::2', 133)),
      at(21, arp(REAL.v4)),
      at(24, tunnelFrame(REAL.v4)),
      at(END + 1, canary),
    ];
    const { measures, uplink: witness, problems } = await measured({ uplink, counted: 2 });
    assert.deepEqual(problems, []);
    assert.deepEqual(witness, { clear: 2, tunnel: 2, housekeeping: 4 });
    assert.equal(measures.verdict, 'no-leak');
    assert.equal(measures.reason, 'No clear packet left in the outage.');
    assert.deepEqual(
      [measures.gapNs, measures.gapCensored, measures.firstClearNs, measures.lastClearNs],
      [null, false, null, null],
    );
    assert.deepEqual([measures.clearPackets, measures.clearBytes, measures.traffic], [0, 0, []]);
    assert.deepEqual(
      measures.housekeeping.map(({ phase, class: name, packets }) => [phase, name, packets]),
      [
        ['baseline', 'arp', 1],
        ['contained', 'ndp', 1],
        ['contained', 'tunnel-icmp', 1],
        ['recovery', 'arp', 1],
      ],
    );
  });
});

describe('measuring the outage of a trial', () => {
  it('finds the gap, its traffic and its end', async () => {
    const uplink = [...LEAK, at(11.5, arp(REAL.v4)), at(13, arp(REAL.v4))].sort((a, b) => a.atNs - b.atNs);
    const { measures, uplink: witness, problems } = await measured({ uplink, counted: 3 });
    assert.deepEqual(problems, []);
    assert.equal(witness.clear, 3);
    assert.equal(measures.verdict, 'leak');
    assert.match(
      measures.reason,
      /^3 clear packets of \d+ bytes left in the outage, within 2\.250 s of the fault \(peer-tcp, dht\)\.$/,
    );
    assert.equal(measures.gapNs, 2.25 * S);
    assert.equal(measures.gapCensored, false);
    assert.deepEqual([measures.firstClearNs, measures.lastClearNs], [10.5 * S, 12.25 * S]);
    assert.deepEqual([measures.clearPackets, measures.clearBytes], [3, 2 * DHT.length + SYN6.length]);
    assert.deepEqual(measures.traffic, [
      {
        phase: 'gap',
        class: 'peer-tcp',
        family: 'v6',
        source: 'tunnel',
        packets: 1,
        bytes: SYN6.length,
        firstNs: 11 * S,
        lastNs: 11 * S,
      },
      {
        phase: 'gap',
        class: 'dht',
        family: 'v4',
        source: 'real',
        packets: 2,
        bytes: 2 * DHT.length,
        firstNs: 10.5 * S,
        lastNs: 12.25 * S,
      },
    ]);
    assert.deepEqual(
      measures.housekeeping.map(({ phase, packets }) => [phase, packets]),
      [
        ['gap', 1],
        ['contained', 1],
      ],
    );
  });

  it('measures the gap from the fault’s earliest instant, and ends the outage at the earliest restoration', async () => {
    const sent = (seconds: number, plusNs: number): Sent => ({ atNs: seconds * S + plusNs, bytes: DHT });
    const uplink = [sent(FAULT, -1), sent(FAULT, 0), sent(RESTORED, -1), sent(RESTORED, 0), sent(END, 0), sent(END, 1)];
    const { measures } = await measured({ uplink, counted: 6 });
    assert.equal(measures.gapNs, (RESTORED - FAULT) * S - 1);
    assert.deepEqual([measures.baselineClearPackets, measures.clearPackets, measures.recoveryClearPackets], [1, 2, 2]);
  });

  it('says so when packets still left at the end of the outage', async () => {
    const censored = async (seconds: number): Promise<boolean> => {
      const { measures } = await measured({ uplink: [at(11, DHT), at(seconds, DHT)], counted: 2 });
      return measures.gapCensored;
    };
    assert.equal(await censored(18.9), false);
    assert.equal(await censored(19.1), true);
  });
});

describe('measuring what is around an outage', () => {
  it('reports what left before the fault and after restoration, without calling the outage a leak', async () => {
    const { measures } = await measured({ uplink: [at(0.5, DHT), at(5, DHT), at(22, DHT), at(23, DHT)], counted: 4 });
    assert.equal(measures.verdict, 'no-leak');
    assert.equal(
      measures.reason,
      'No clear packet left in the outage; 1 clear packet had left before the fault; ' +
        '2 clear packets left after restoration.',
    );
    assert.deepEqual([measures.baselineClearPackets, measures.recoveryClearPackets], [1, 2]);
    assert.deepEqual(
      measures.traffic.map(({ phase, packets }) => [phase, packets]),
      [
        ['baseline', 1],
        ['recovery', 2],
      ],
    );
  });

  it('gives no verdict on an outage that the trial closed before', async () => {
    for (const seconds of [-600_000, 0, FAULT]) {
      const timeline: TimelineEvent[] = [{ kind: 'phase', atNs: seconds * S, name: 'closing' }];
      const { measures } = await measured({ uplink: [at(12, DHT)], counted: 1, timeline });
      assert.equal(measures.verdict, 'inconclusive', String(seconds));
      assert.match(measures.reason, /closed before its outage began/);
    }
  });

  it('believes a capture that says of itself that it dropped packets, whatever it was sealed with', async () => {
    const blocks = new Blocks(true);
    const drops = { code: 5, value: blocks.long(7n) };
    const statistics = bytes(blocks.word(0), blocks.long(0n), blocks.options([drops]));
    const file = join(await mkdtemp(join(tmpdir(), 'dropped-')), 'capture.pcapng');
    await writeFile(file, bytes(blocks.section(), blocks.interface(1), blocks.block(5, statistics)));
    const { measures } = await measureTrial({ record: recordOf({}), timeline: [], uplinkFile: file, wanFile: file });
    await rm(dirname(file), { recursive: true });
    assert.equal(measures.verdict, 'inconclusive');
    assert.match(measures.reason, /the uplink capture says that it dropped 7 packets, and was sealed with 0/i);
  });

  it('leaves out what comes after the trial began to close', async () => {
    const timeline: TimelineEvent[] = [{ kind: 'phase', atNs: 22 * S, name: 'closing' }];
    const { measures, uplink } = await measured({ uplink: [at(23, DHT)], counted: 1, timeline });
    assert.equal(measures.recoveryClearPackets, 0);
    assert.equal(uplink.clear, 1);
  });
});

describe('measuring reaction, recovery and peers', () => {
  it('takes the reaction from the switch’s own instants and the recovery from the first payload through the exit', async () => {
    const piece = (seconds: number, sourceAddress: string): TimelineEvent => ({
      kind: 'peer-piece',
      atNs: seconds * S,
      party: 'peer-0',
      sourceAddress,
      sourcePort: 1,
      totalBytes: 16384,
    });
    const said = (seconds: number, stage: 'engaged' | 'noticed' | 'acted'): TimelineEvent => ({
      kind: 'switch',
      atNs: seconds * S,
      stage,
      detail: '',
    });
    const timeline = [
      ...[said(1, 'engaged'), said(2, 'noticed'), said(10.75, 'noticed'), said(11.5, 'acted'), said(12, 'noticed')],
      ...[piece(9, ENDPOINT.v4), piece(20.5, '198.51.100.99'), piece(21, ENDPOINT.v4), piece(22, ENDPOINT.v6)],
    ];
    const { measures } = await measured({ timeline });
    assert.deepEqual([measures.detectionNs, measures.switchLatencyNs], [0.75 * S, 1.5 * S]);
    assert.equal(measures.recoveryNs, 1 * S - 100_000);
    const during = await measured({ timeline: [piece(20.00005, ENDPOINT.v4)] });
    assert.equal(during.measures.recoveryNs, 0, 'payload that came while restoration went on');
    const cell = testCell({ fault: 'none' });
    const placebo = await measured({ timeline, change: (record) => ({ ...record, cell }) });
    assert.equal(placebo.measures.recoveryNs, null, 'nothing had to come back');
    assert.equal(placebo.measures.reason, 'No clear packet left in the window.');
    const none = await measured({});
    assert.deepEqual(
      [none.measures.recoveryNs, none.measures.detectionNs, none.measures.switchLatencyNs],
      [null, null, null],
    );
  });

  it('takes an attempt to connect to its own public address, heard of from the swarm, for peer traffic', async () => {
    const uplink = [WAN4, ENDPOINT.v4].map((address, index) =>
      at(11 + index, tcpFrame(REAL.v4, address, [40000, 51413], bytes())),
    );
    const { measures } = await measured({ uplink, counted: 2 });
    assert.deepEqual(
      measures.traffic.map((row) => [row.class, row.packets]),
      [['peer-tcp', 2]],
    );
  });

  it('gives measures that fit the record', async () => {
    const { measures } = await measured({ uplink: LEAK, counted: 3 });
    trialRecordSchema.parse({ ...recordOf({ uplink: LEAK }), measures });
  });
});

/** Reasons for no verdict, as changes of a record that otherwise has one. */
const INCONCLUSIVE: Record<string, [(record: TrialRecord) => TrialRecord, RegExp]> = {
  'the trial failed': [
    (record) => ({ ...record, outcome: { status: 'failed', stage: 'restoring', reason: 'no carrier' } }),
    /^The trial failed at restoring: no carrier\.$/,
  ],
  'there was no steady state': [
    (record) => ({ ...record, instants: { ...record.instants, steadyNs: null } }),
    /never reached steady/,
  ],
  'no fault was injected': [
    (record) => ({ ...record, instants: { ...record.instants, fault: null } }),
    /no fault was injected/i,
  ],
  'a canary was missed': [
    (record) => ({ ...record, canaries: [...record.canaries, { instrument: 'dht', stage: 'after', seen: false }] }),
    /instrument «dht» missed the canary after/,
  ],
  'no canary was sent': [(record) => ({ ...record, canaries: [] }), /no canary was sent/i],
  'the capture dropped packets': [
    (record) => ({
      ...record,
      captures: record.captures.map((one) => ({ ...one, dropped: one.name === 'uplink' ? 2 : 0 })),
    }),
    /^The uplink capture dropped 2 packets\.$/,
  ],
  'the capture cannot say what it dropped': [
    (record) => ({
      ...record,
      captures: record.captures.map((one) => ({ ...one, dropped: one.name === 'wan' ? null : 0 })),
    }),
    /^The wan capture cannot say/,
  ],
  'the uplink was not captured': [
    (record) => ({ ...record, captures: record.captures.filter(({ name }) => name === 'wan') }),
    /^There is no uplink capture\.$/,
  ],
  'the capture is shorter than it was': [
    (record) => ({
      ...record,
      captures: record.captures.map((one) => ({ ...one, packets: one.name === 'uplink' ? 6 : one.packets })),
    }),
    /the uplink capture holds 5 of the 6 packets/i,
  ],
  'the counters were not read': [(record) => ({ ...record, counters: null }), /counters on the router were not read/],
  'the witnesses disagree': [
    (record) => ({ ...record, counters: { clear: 4, tunnel: 0, housekeeping: 0 } }),
    /^The witnesses disagree: the router counted 4 clear packets, the capture holds 3\.$/,
  ],
  'the client was never identified': [(record) => ({ ...record, identity: null }), /never identified/],
};

/** States of an instrument in which it may have missed something. */
const UNSTEADY: Record<string, [NonNullable<TrialRecord['instruments']>[number], RegExp]> = {
  'was blind': [
    { id: 'swarm', dropped: null, blind: 'it ended by itself' },
    /«swarm» was blind.*: it ended by itself/i,
  ],
  'lost something': [{ id: 'resolver', dropped: 2, blind: null }, /«resolver» lost 2 of what came to it/i],
};

describe('a verdict', () => {
  for (const [why, [change, reason]] of Object.entries(INCONCLUSIVE)) {
    it(`is inconclusive when ${why}, leak or no leak`, async () => {
      const { measures, problems } = await measured({ uplink: LEAK, counted: 3, change });
      assert.equal(measures.verdict, 'inconclusive');
      assert.match(measures.reason, reason);
      assert.equal(problems.length, 1);
    });
  }
  for (const [what, [instrument, reason]] of Object.entries(UNSTEADY)) {
    const change = (record: TrialRecord): TrialRecord => ({ ...record, instruments: [instrument] });

    it(`is inconclusive where nothing was seen and an instrument ${what}`, async () => {
      const { measures } = await measured({ change });
      assert.equal(measures.verdict, 'inconclusive');
      assert.match(measures.reason, reason);
    });

    it(`is leak where something was seen though an instrument ${what}, and says so`, async () => {
      const { measures } = await measured({ uplink: LEAK, counted: 3, change });
      assert.equal(measures.verdict, 'leak');
      assert.match(measures.reason, reason);
    });
  }

  it('is no-leak where every instrument saw throughout', async () => {
    const saw = { id: 'swarm', dropped: null, blind: null };
    const { measures } = await measured({ change: (record) => ({ ...record, instruments: [saw] }) });
    assert.equal(measures.verdict, 'no-leak');
  });

  it('is leak for the same trial without any of these', async () => {
    assert.equal((await measured({ uplink: LEAK, counted: 3 })).measures.verdict, 'leak');
  });

  it('is unsupported only when that was declared, and needs no capture', async () => {
    const record = recordOf({
      change: (one) => ({ ...one, outcome: { status: 'unsupported', reason: 'ctorrent cannot bind' } }),
    });
    const { measures } = await measureTrial({ record, timeline: [], uplinkFile: null, wanFile: null });
    assert.deepEqual([measures.verdict, measures.reason], ['unsupported', 'ctorrent cannot bind']);
    const bare = await measureTrial({ record: recordOf({}), timeline: [], uplinkFile: null, wanFile: null });
    assert.equal(bare.measures.verdict, 'inconclusive');
  });

  it('counts a packet of any class and source kind', async () => {
    for (const frame of [
      udpFrame('192.168.9.9', '192.0.2.1', [1, 2], bytes('?')),
      tcpFrame(INNER.v4, TRACKER.v4, [40000, 6969], bytes()),
      tcpFrame(REAL.v6, PEER.v6, [40000, 51413], HANDSHAKE),
      icmpFrame(REAL.v4, '192.0.2.1', 8),
    ]) {
      const { measures } = await measured({ uplink: [at(15, frame)], counted: 1 });
      assert.equal(measures.verdict, 'leak');
      assert.equal(measures.clearPackets, 1);
    }
  });
});
