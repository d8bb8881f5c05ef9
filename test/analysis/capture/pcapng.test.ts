import assert from 'node:assert/strict';
import { bytes } from '../../kit/frames.ts';
import { Blocks } from '../../kit/pcapng-blocks.ts';
import { framesIn } from '../../kit/scratch.ts';

const RESOLUTION = 9;
const OFFSET = 14;

for (const littleEndian of [true, false]) {
  const b = new Blocks(littleEndian);
  const order = littleEndian ? 'little-endian' : 'big-endian';
  describe(`reading ${order} pcapng`, () => {
    it('reads packets of several interfaces, sections and kinds of block, passing over all else', async () => {
      const other = new Blocks(!littleEndian);
      const comment = { code: 1, value: bytes('a comment, of odd length') };
      const file = bytes(
        b.section([{ code: 4, value: bytes('test') }]),
        b.interface(1, [{ code: 2, value: bytes('eth0') }]),
        b.interface(101, [{ code: RESOLUTION, value: bytes(9) }]),
        b.enhanced(0, 5n, bytes('micro'), 99, [comment]),
        b.block(4, bytes('name resolution, of unknown content.')),
        b.enhanced(1, 7_001n, bytes('nano')),
        b.simple(bytes('simple')),
        b.old(1, 3, 8_000n, bytes('old')),
        b.block(0x0bad, new Uint8Array(3 << 20)),
        other.section(),
        other.interface(276),
        other.enhanced(0, 6n, bytes('another section')),
      );
      const { frames, report } = await framesIn(file, 0n);
      assert.deepEqual(
        frames.map(({ atNs, linkType, original, data }) => [atNs, linkType, original, data.toString()]),
        [
          [5_000, 1, 99, 'micro'],
          [7_001, 101, 4, 'nano'],
          [7_001, 1, 6, 'simple'],
          [8_000, 101, 3, 'old'],
          [6_000, 276, 15, 'another section'],
        ],
      );
      assert.deepEqual([report.format, report.packets, report.broken], ['pcapng', 5, null]);
    });

    it('is exact at every resolution of the clock', async () => {
      const unixNs = 1_735_689_599_123_456_789n;
      const atResolution = async (value: number, ticks: bigint, offset?: bigint): Promise<number> => {
        const options = [{ code: RESOLUTION, value: bytes(value) }];
        if (offset !== undefined) options.push({ code: OFFSET, value: b.long(offset) });
        const file = bytes(b.section(), b.interface(1, options), b.enhanced(0, ticks, bytes('x')));
        return (await framesIn(file, unixNs)).frames[0]!.atNs;
      };
      assert.equal(await atResolution(9, unixNs + 1n), 1);
      assert.equal(await atResolution(9, unixNs - (1n << 33n)), -(2 ** 33));
      assert.equal(await atResolution(6, unixNs / 1000n), -789);
      assert.equal(await atResolution(6, unixNs / 1000n + 1n), 211);
      assert.equal(await atResolution(3, unixNs / 1_000_000n), -456_789);
      assert.equal(await atResolution(0, unixNs / 1_000_000_000n), -123_456_789);
      assert.equal(await atResolution(12, 1_999n, 1_735_689_599n), 1 - 123_456_789);
      assert.equal(await atResolution(0x80 | 10, 512n, 1_735_689_599n), 500_000_000 - 123_456_789);
      assert.equal(await atResolution(9, 0n, 1_735_689_599n), -123_456_789);
      assert.equal(await atResolution(9, unixNs + 10_000_000_000n, -10n), 0);
    });

    it('counts from the first packet where no origin is asked for', async () => {
      const file = bytes(b.section(), b.interface(1), b.enhanced(0, 77n, bytes('a')), b.enhanced(0, 80n, bytes('b')));
      const { frames, report } = await framesIn(file);
      assert.deepEqual(
        frames.map(({ atNs }) => atNs),
        [0, 3_000],
      );
      assert.equal(report.originUnixNs, 77_000n);
    });
  });

  describe(`reading ${order} pcapng that is not as it should be`, () => {
    it('adds up the drops its interfaces tell of, and tells apart none from not known', async () => {
      const drops = (code: number, count: bigint): { code: number; value: Uint8Array } => ({
        code,
        value: b.long(count),
      });
      const head = bytes(b.section(), b.interface(1), b.interface(1));
      const dropped = async (...blocks: Uint8Array[]): Promise<number | null> =>
        (await framesIn(bytes(head, ...blocks))).report.dropped;
      assert.equal(await dropped(), null);
      assert.equal(await dropped(b.statistics(0, [drops(4, 10n)])), null);
      assert.equal(await dropped(b.statistics(0, [drops(5, 0n)])), 0);
      assert.equal(await dropped(b.statistics(0, [drops(5, 2n)]), b.statistics(0, [drops(5, 3n), drops(7, 1n)])), 4);
      assert.equal(await dropped(b.statistics(0, [drops(5, 2n)]), b.statistics(1, [drops(5, 3n)])), 5);
      assert.equal(await dropped(b.statistics(0, [drops(5, 2n)]), head, b.statistics(1, [drops(5, 3n)])), 5);
    });

    it('reads what there is of a file cut at any byte, and says where it ends', async () => {
      const blocks = [
        b.section(),
        b.interface(1, [{ code: RESOLUTION, value: bytes(9) }]),
        b.enhanced(0, 1n, bytes('one')),
        b.block(0x0bad, bytes('skipped.')),
        b.simple(bytes('two')),
        b.statistics(0, []),
      ];
      const ends = blocks.reduce<number[]>((at, block) => [...at, at.at(-1)! + block.length], [0]);
      const whole = bytes(...blocks);
      for (let length = 4; length < whole.length; length++) {
        const { frames, report } = await framesIn(whole.subarray(0, length));
        assert.equal(frames.length, [ends[3]!, ends[5]!].filter((end) => end <= length).length, `${length} bytes`);
        assert.equal(report.broken === null, ends.includes(length), `${length} bytes: ${report.broken}`);
      }
    });

    it('stops where a block makes no sense, and says what is wrong', async () => {
      const head = bytes(b.section(), b.interface(1), b.enhanced(0, 1n, bytes('good')));
      const after = async (...blocks: Uint8Array[]): Promise<string> => {
        const { frames, report } = await framesIn(bytes(head, ...blocks));
        assert.equal(frames[0]?.data.toString(), 'good');
        assert.equal(frames.length, 1);
        assert.equal(report.readBytes, head.length);
        return report.broken ?? '';
      };
      const lying = Buffer.from(b.enhanced(0, 1n, bytes('lies')));
      lying.set(b.word(5), 20);
      const unrepeated = Buffer.from(b.enhanced(0, 1n, bytes('lies')));
      unrepeated.set(b.word(0), unrepeated.length - 4);
      assert.match(await after(lying), /claims 5 captured bytes in a block of 36/);
      assert.match(await after(unrepeated), /does not repeat its length/);
      assert.match(await after(b.word(6), b.word(0), b.word(0)), /a length of 0 bytes/);
      assert.match(await after(b.word(6), b.word(30), b.word(0)), /a length of 30 bytes/);
      assert.match(await after(b.word(6), b.word(0xfffffff0), b.word(0)), /claims 4294967280 bytes, more than/);
      assert.match(await after(b.enhanced(1, 1n, bytes('x'))), /of interface 1, and the section has declared 1/);
      assert.match(await after(b.block(6, bytes('short'))), /a length of 17 bytes/);
      assert.match(await after(b.block(6, bytes('four'))), /is shorter than 32/);
      assert.match(await after(b.block(2, bytes('four'))), /is shorter than 32/);
      assert.match(await after(b.block(3, bytes())), /simple packet block is too short/);
      assert.match(await after(b.block(1, bytes('four'))), /interface block is too short/);
    });
  });
}

describe('reading pcapng', () => {
  it('wants an interface before a packet', async () => {
    const b = new Blocks(true);
    const { report } = await framesIn(bytes(b.section(), b.simple(bytes('x'))));
    assert.match(report.broken ?? '', /simple packet block comes before any interface/);
  });

  it('wants a byte order it knows', async () => {
    const file = Buffer.from(new Blocks(true).section());
    file.write('????', 8);
    const { report } = await framesIn(file);
    assert.match(report.broken ?? '', /byte-order magic 0x3f3f3f3f/);
  });

  it('passes over a block too long to look into, and tells of one cut off', async () => {
    const b = new Blocks(true);
    const long = b.block(0x0bad, new Uint8Array(5 << 20));
    const whole = bytes(b.section(), b.interface(1), long, b.enhanced(0, 1n, bytes('behind')));
    const { frames } = await framesIn(whole);
    assert.deepEqual(
      frames.map(({ data }) => data.toString()),
      ['behind'],
    );
    const { report } = await framesIn(whole.subarray(0, 3 << 20));
    assert.match(report.broken ?? '', /before the end of a block$/);
  });
});
