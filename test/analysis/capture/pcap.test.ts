import assert from 'node:assert/strict';
import { NotACapture, readCapture } from '../../../src/analysis/capture/read-capture.ts';
import { type Sent, bytes, pcap, u32 } from '../../kit/frames.ts';
import { framesIn, withFile } from '../../kit/scratch.ts';

const ORIGIN = 1_735_689_599_999_999_999n;
const SENT: readonly Sent[] = [
  { atNs: 0, bytes: bytes('first frame') },
  { atNs: 1, bytes: bytes('one nanosecond later'), original: 1500 },
  { atNs: 1_000_000_001, bytes: bytes('') },
  { atNs: 8_999_999_999_999_999, bytes: bytes('the last instant that is exact') },
];

describe('reading pcap', () => {
  for (const littleEndian of [true, false]) {
    for (const nano of [true, false]) {
      it(`gives every frame back: ${littleEndian ? 'little' : 'big'}-endian, ${nano ? 'nano' : 'micro'}seconds`, async () => {
        const originUnixNs = nano ? ORIGIN : 1_735_689_599_999_999_000n;
        const sent = nano ? SENT : SENT.map((one) => ({ ...one, atNs: Math.floor(one.atNs / 1000) * 1000 }));
        const { frames, report } = await framesIn(
          pcap(sent, { littleEndian, nano, originUnixNs, linkType: 113 }),
          originUnixNs,
        );
        assert.deepEqual(
          frames.map(({ atNs, original, data }) => [atNs, original, data.toString()]),
          sent.map(({ atNs, original, bytes: data }) => [atNs, original ?? data.length, Buffer.from(data).toString()]),
        );
        assert.ok(frames.every(({ linkType }) => linkType === 113));
        assert.deepEqual([report.format, report.packets, report.broken, report.dropped], ['pcap', 4, null, null]);
        assert.equal(report.readBytes, report.fileBytes);
      });
    }
  }

  it('counts from the first packet where no origin is asked for, and back to before it', async () => {
    const file = pcap(
      [
        { atNs: 500, bytes: bytes('b') },
        { atNs: 200, bytes: bytes('a') },
      ],
      { originUnixNs: ORIGIN },
    );
    const { frames, report } = await framesIn(file);
    assert.deepEqual(
      frames.map(({ atNs }) => atNs),
      [0, -300],
    );
    assert.equal(report.originUnixNs, ORIGIN + 500n);
  });

  it('reads frames that lie across the ends of its buffers', async () => {
    const sent = Array.from({ length: 700 }, (_, at) => ({
      atNs: at,
      bytes: Buffer.alloc(1 + ((at * 7919) % 9001), at),
    }));
    const { frames, report } = await framesIn(pcap(sent));
    assert.ok(report.fileBytes > 3 * 1024 * 1024);
    assert.equal(frames.length, sent.length);
    frames.forEach(({ data }, at) => assert.ok(data.equals(sent[at]!.bytes), `frame ${at}`));
  });
});

describe('reading pcap that is broken', () => {
  it('reads what there is of a file cut at any byte, and says where it ends', async () => {
    const whole = pcap(SENT);
    const ends = SENT.reduce<number[]>((at, { bytes: data }) => [...at, at.at(-1)! + 16 + data.length], [24]);
    for (let length = 4; length < whole.length; length++) {
      const { frames, report } = await framesIn(whole.subarray(0, length));
      const complete = ends.filter((end) => end <= length);
      assert.equal(frames.length, Math.max(0, complete.length - 1), `${length} bytes`);
      const readTo = complete.at(-1) ?? 0;
      assert.equal(report.readBytes, readTo);
      if (readTo === length) assert.equal(report.broken, null);
      else assert.equal(report.broken, `at byte ${readTo}: the file ends ${length - readTo} bytes into a record`);
    }
  });

  it('stops at a record that no capture can hold', async () => {
    const file = bytes(
      pcap(SENT.slice(0, 2)),
      u32(0),
      u32(0),
      Buffer.of(0xff, 0xff, 0xff, 0x7f),
      u32(0),
      Buffer.alloc(100),
    );
    const { frames, report } = await framesIn(file);
    assert.equal(frames.length, 2);
    assert.match(report.broken ?? '', /^at byte 87: a record claims 2147483647 captured bytes/);
  });

  it('says so when a file is no capture', async () => {
    const refused = async (data: Uint8Array, says: RegExp): Promise<void> =>
      withFile(data, async (file) => {
        await assert.rejects(
          readCapture(file, null, () => assert.fail('nothing to visit')),
          (error: unknown) => {
            assert.ok(error instanceof NotACapture);
            assert.match(error.message, says);
            return true;
          },
        );
      });
    await refused(bytes(), /has 0 bytes/);
    await refused(bytes('abc'), /has 3 bytes/);
    await refused(bytes('#!/bin/sh\n'), /begins with 0x23212f62; pcap and pcapng files can be read/);
    await refused(Buffer.of(0x1f, 0x8b, 8, 0, 0, 0), /unpack it first with gunzip/);
    await assert.rejects(
      readCapture('/nonexistent.pcap', null, () => undefined),
      { code: 'ENOENT' },
    );
    await assert.rejects(
      readCapture('/', null, () => undefined),
      { code: 'EISDIR' },
    );
  });
});
