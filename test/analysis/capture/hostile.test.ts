/** Hostile bytes: no crash, no hang, no frame beyond the file, no byte read beyond the frame. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { NotACapture, readCapture } from '../../../src/analysis/capture/read-capture.ts';
import { summariseCapture } from '../../../src/analysis/classify/capture-summary.ts';
import { CLIENT, Judge } from '../../kit/judged.ts';
import { bytes, pcap } from '../../kit/frames.ts';
import { CLEAR, HOUSEKEEPING, REAL, tunnelFrame } from '../../kit/planted.ts';
import { Blocks } from '../../kit/pcapng-blocks.ts';
import { withFolder } from '../../kit/scratch.ts';

const SEED = 20_250_101;
const FRAMES = [
  ...CLEAR.flatMap(({ build }) => [build(REAL.v4, 'v4'), build(REAL.v6, 'v6')]),
  ...HOUSEKEEPING.map(({ bytes: data }) => data),
  tunnelFrame(REAL.v4),
];
/** Bytes that would mean something: UDP, TCP, ICMPv6, an extension header, `d` of a bencoded dictionary. */
const AROUND = [0, 0x11, 0x06, 0x3a, 0x3c, 0x64, 0xff];
const LINK_TYPES = [0, 1, 12, 101, 108, 113, 228, 229, 276, 127];

/** Whole captures of every frame, of every link type. */
function captures(): Uint8Array[] {
  const sent = FRAMES.map((data, at) => ({ atNs: at * 1000, bytes: data }));
  const b = new Blocks(true);
  const big = new Blocks(false);
  return [
    ...LINK_TYPES.slice(0, 3).map((linkType) => pcap(sent, { linkType })),
    pcap(sent, { littleEndian: false, nano: false }),
    ...[b, big].map((blocks) =>
      bytes(
        blocks.section([{ code: 4, value: bytes('fuzz') }]),
        ...LINK_TYPES.map((linkType) => blocks.interface(linkType, [{ code: 9, value: bytes(9) }])),
        ...sent.map(({ atNs, bytes: data }, at) => blocks.enhanced(at % LINK_TYPES.length, BigInt(atNs), data)),
        ...FRAMES.slice(0, 3).map((data) => blocks.simple(data)),
        blocks.statistics(0, [{ code: 5, value: blocks.long(1n) }]),
      ),
    ),
  ];
}

/** Reads a file as every command would, and checks what must hold of whatever it contains. */
async function survives(file: string, data: Uint8Array): Promise<void> {
  await writeFile(file, data);
  try {
    let packets = 0;
    const report = await readCapture(file, null, ({ view, offset, captured, atNs }) => {
      packets++;
      assert.ok(offset >= 0 && captured >= 0 && offset + captured <= view.byteLength);
      assert.ok(captured <= data.length && Number.isFinite(atNs));
    });
    assert.equal(report.packets, packets);
    assert.ok(report.readBytes <= data.length && report.fileBytes === data.length);
    assert.ok(report.broken !== null || report.readBytes === data.length);
    const summary = await summariseCapture(file, { ...CLIENT, mac: null });
    const counted = [
      summary.tunnel,
      summary.canary,
      summary.others,
      summary.inner,
      summary.again,
      ...summary.clear,
      ...summary.housekeeping,
      ...summary.unreadable.values(),
    ];
    assert.equal(
      counted.reduce((sum, one) => sum + one.packets, 0),
      packets,
      'every frame is in one count',
    );
  } catch (error) {
    if (!(error instanceof NotACapture)) throw error;
  }
}

describe('hostile captures', () => {
  it('of random bytes behind any magic are survived', async () => {
    const magic = fc.constantFrom('d4c3b2a1', 'a1b2c3d4', '4d3cb2a1', 'a1b23c4d', '0a0d0d0a', '1f8b0800');
    await withFolder(async (folder) => {
      await fc.assert(
        fc.asyncProperty(magic, fc.uint8Array({ maxLength: 300 }), (start, rest) =>
          survives(join(folder, 'random'), bytes(Buffer.from(start, 'hex'), rest)),
        ),
        { seed: SEED, numRuns: 300 },
      );
    });
  });

  it('that were captures before some bytes were changed are survived', async () => {
    const whole = captures();
    const change = fc.record({
      capture: fc.nat(whole.length - 1),
      edits: fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 4, 0x7f, 0x80, 0xff)), { minLength: 1, maxLength: 8 }),
      length: fc.option(fc.nat()),
    });
    await withFolder(async (folder) => {
      await fc.assert(
        fc.asyncProperty(change, async ({ capture, edits, length }) => {
          const original = whole[capture]!;
          const data = Buffer.from(original);
          // Half of the edits fall into the first blocks, where the headers are.
          for (const [at, value] of edits) data[at % (at % 2 === 0 ? original.length : 200)] = value;
          await survives(join(folder, 'changed'), length === null ? data : data.subarray(0, length % data.length));
        }),
        { seed: SEED, numRuns: 300 },
      );
    });
  });
});

describe('hostile frames', () => {
  it('are judged by their own bytes alone', () => {
    const frame = fc.record({
      from: fc.nat(FRAMES.length - 1),
      edits: fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }),
      length: fc.nat(160),
      original: fc.nat(100_000),
      linkType: fc.constantFrom(...LINK_TYPES),
    });
    fc.assert(
      fc.property(frame, ({ from, edits, length, original, linkType }) => {
        const data = Buffer.from(FRAMES[from]!).subarray(0, length);
        for (const [at, value] of edits) if (at < data.length) data[at] = value;
        const among = (around: number): string =>
          new Judge({ ...CLIENT, mac: null }).of(data, { linkType, original, around });
        const alone = new Judge({ ...CLIENT, mac: null }).of(data, { linkType, original });
        for (const around of AROUND) assert.equal(among(around), alone);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  it('are judged the same behind a VLAN tag, which no shortcut knows', () => {
    const frame = fc.record({
      from: fc.nat(FRAMES.length - 1),
      edits: fc.array(fc.tuple(fc.integer({ min: 14, max: 50 }), fc.nat(255)), { maxLength: 2 }),
      incoming: fc.boolean(),
    });
    fc.assert(
      fc.property(frame, ({ from, edits, incoming }) => {
        const data = Buffer.from(FRAMES[from]!);
        for (const [at, value] of edits) if (at < data.length) data[at] = value;
        if (incoming) data.set(data.subarray(0, 6), 6);
        const tagged = bytes(data.subarray(0, 12), Buffer.from('81000007', 'hex'), data.subarray(12));
        assert.equal(new Judge().of(tagged), new Judge().of(data));
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });
});
