import assert from 'node:assert/strict';
import { isPcapMagic, pcapHeader, pcapRecordHeader, readPcapHeader } from '../../src/records/pcap.ts';
import { type Sent, bytes, pcap } from '../kit/frames.ts';

const ORIGIN = 1_735_689_599_999_999_999n;
const SENT: readonly Sent[] = [
  { atNs: 0, bytes: bytes('first') },
  { atNs: 1, bytes: bytes('across a second'), original: 1500 },
  { atNs: 1_000_000_789, bytes: bytes('') },
];

describe('the pcap format', () => {
  for (const resolution of ['micro', 'nano'] as const) {
    it(`is written as others write it, in ${resolution}seconds`, () => {
      const records = SENT.flatMap(({ atNs, bytes: data, original = data.length }) => [
        pcapRecordHeader(resolution, ORIGIN + BigInt(atNs), data.length, original),
        data,
      ]);
      const ours = bytes(pcapHeader(resolution, 276), ...records);
      assert.deepEqual(ours, pcap(SENT, { nano: resolution === 'nano', linkType: 276, originUnixNs: ORIGIN }));
    });

    for (const littleEndian of [true, false]) {
      it(`is told by its header: ${resolution}seconds, ${littleEndian ? 'little' : 'big'}-endian`, () => {
        const file = pcap([], { nano: resolution === 'nano', littleEndian, linkType: 113 });
        const view = new DataView(Uint8Array.from([0xff, ...file]).buffer);
        assert.equal(isPcapMagic(view.getUint32(1)), true);
        const unitNs = resolution === 'nano' ? 1 : 1000;
        assert.deepEqual(readPcapHeader(view, 1), { littleEndian, unitNs, linkType: 113 });
      });
    }
  }

  it('passes over the flags above the link type', () => {
    const header = pcapHeader('nano', 1);
    header.writeUInt16LE(0xf400, 22);
    assert.equal(readPcapHeader(new DataView(Uint8Array.from(header).buffer), 0)?.linkType, 1);
  });

  it('is not told of anything else', () => {
    assert.equal(isPcapMagic(0x0a0d0d0a), false);
    assert.equal(readPcapHeader(new DataView(new ArrayBuffer(24)), 0), null);
  });
});
