/** Captures whose frames are not in the order of their instants: what a trial comes to does not hang on that order. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { measureTrial, type TrialMeasures } from '../../../src/analysis/measure/measure.ts';
import { readInOrder } from '../../../src/analysis/capture/read-in-order.ts';
import { type Sent, bytes, tcpFrame, udpFrame } from '../../kit/frames.ts';
import { FAULT, ORIGIN, S, WAN4, at, measured, recordOf, type Trial } from '../../kit/invented-trial.ts';
import { Blocks } from '../../kit/pcapng-blocks.ts';
import { HANDSHAKE, NODE, PEER, PING, REAL, arp, tunnelFrame } from '../../kit/planted.ts';
import { withFolder } from '../../kit/scratch.ts';

const DHT = udpFrame(REAL.v4, NODE.v4, [51413, 6881], PING);
const peer = (payload: Uint8Array): Uint8Array => tcpFrame(REAL.v4, PEER.v4, [40000, 51413], payload);
const UPLINK: readonly Sent[] = [
  ...[at(3, tunnelFrame(REAL.v4)), at(8, DHT), at(10.5, DHT), at(11, peer(bytes())), at(11.25, peer(HANDSHAKE))],
  ...[at(12, arp(REAL.v4)), at(14.75, DHT), at(16, arp(REAL.v4)), at(21, DHT), at(23, tunnelFrame(REAL.v4))],
];
const beyond = (frame: 'out' | 'back'): Uint8Array =>
  frame === 'out'
    ? udpFrame(WAN4, NODE.v4, [51413, 6881], PING)
    : udpFrame(NODE.v4, WAN4, [6881, 51413], PING, { from: '02:00:00:00:00:09' });
const WAN: readonly Sent[] = [
  ...[at(8, beyond('out')), at(10.5, beyond('out')), at(14.75, beyond('out'))],
  ...[at(15, beyond('back')), at(17, beyond('back')), at(18.5, beyond('back'))],
];
const COUNTED = 6;

const PCAPNG = new Blocks(true);
/** Instants may lie before 1970 here: the interface says what its own are counted from. */
function pcapng(sent: readonly Sent[], offsetSeconds: bigint): Uint8Array {
  const from = { code: 14, value: PCAPNG.long(offsetSeconds) };
  const ticks = (atNs: number): bigint => ORIGIN + BigInt(atNs) - offsetSeconds * BigInt(S);
  return bytes(
    PCAPNG.section(),
    PCAPNG.interface(1, [{ code: 9, value: bytes(9) }, from]),
    ...sent.map(({ atNs, bytes: data }) => PCAPNG.enhanced(0, ticks(atNs), data)),
  );
}

function measuredPcapng(trial: Trial): Promise<TrialMeasures> {
  return withFolder(async (folder) => {
    const save = async (name: string, sent: readonly Sent[] = []): Promise<string> => {
      await writeFile(join(folder, name), pcapng(sent, -100_000_000n));
      return join(folder, name);
    };
    const [uplinkFile, wanFile] = [await save('uplink', trial.uplink), await save('wan', trial.wan)];
    return measureTrial({ record: recordOf(trial), timeline: [], uplinkFile, wanFile });
  });
}

describe('a capture whose frames are out of order', function () {
  this.timeout(60_000);

  for (const [format, measure] of [
    ['pcap', measured],
    ['pcapng', measuredPcapng],
  ] as const) {
    it(`gives the measures of one that is in order (${format})`, async () => {
      const expected = await measure({ uplink: UPLINK, wan: WAN, counted: COUNTED });
      assert.equal(expected.measures.gapNs, (14.75 - FAULT) * S);
      assert.deepEqual([expected.measures.knocks.packets, expected.measures.knocks.lastNs], [3, 18.5 * S]);
      const shuffled = (sent: readonly Sent[]): fc.Arbitrary<Sent[]> =>
        fc.shuffledSubarray([...sent], { minLength: sent.length });
      await fc.assert(
        fc.asyncProperty(shuffled(UPLINK), shuffled(WAN), async (uplink, wan) => {
          assert.deepEqual(await measure({ uplink, wan, counted: COUNTED }), expected);
        }),
        { numRuns: 20, endOnFailure: true },
      );
    });
  }

  it('counts no frame from before 1970 or from the far future to any phase, wherever in the file it is', async () => {
    const strange = [-Number(ORIGIN / BigInt(S)) - 5, -4e6, 4e6, 6e9];
    const { measures } = await measuredPcapng({ uplink: UPLINK, wan: WAN, counted: COUNTED });
    const withStrange = async (change?: Trial['change']): Promise<TrialMeasures> => {
      const uplink = [at(strange[2]!, DHT), ...UPLINK, ...strange.map((seconds) => at(seconds, DHT))];
      return measuredPcapng({ uplink, wan: WAN, counted: COUNTED + 5, ...(change && { change }) });
    };
    assert.deepEqual((await withStrange()).measures, measures);
    // Of a trial that broke off nobody knows when it ended: a week after its beginning it had.
    const broken = await withStrange((record) => ({
      ...record,
      instants: { ...record.instants, restored: null, endNs: null },
    }));
    assert.equal(broken.measures.lastClearNs, 21 * S);
  });

  it('is read by its instants, and in the order of the file where those are equal', async () => {
    const sent = [5, 3, 3, 9, 1, 3].map((seconds, number) => at(seconds, Uint8Array.of(number)));
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'capture'), pcapng(sent, 0n));
      const order: number[][] = [];
      const report = await readInOrder(join(folder, 'capture'), ORIGIN, ({ atNs, view, offset, captured }) =>
        order.push([atNs / S, view.getUint8(offset), captured]),
      );
      assert.deepEqual(order, [
        ...[
          [1, 4, 1],
          [3, 1, 1],
          [3, 2, 1],
        ],
        ...[
          [3, 5, 1],
          [5, 0, 1],
          [9, 3, 1],
        ],
      ]);
      assert.deepEqual([report.packets, report.broken], [6, null]);
    });
  });
});
