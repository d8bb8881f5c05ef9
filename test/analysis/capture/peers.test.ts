/** Other readers of the same bytes must see the same packets: pcap-parser, and tshark for every format. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'pcap-parser';
import type { Packet } from 'pcap-parser';
import { randomStream } from '../../../src/analysis/statistics/random.ts';
import { type Sent, bytes, pcap } from '../../kit/frames.ts';
import { Blocks } from '../../kit/pcapng-blocks.ts';
import { programOutput } from '../../kit/program.ts';
import { readFrames, withFolder } from '../../kit/scratch.ts';
import { tsharkIsMissing } from '../../kit/tshark.ts';

const ORIGIN = 1_735_689_600_000_000_000n;

function someFrames(seed: number): Sent[] {
  const random = randomStream(seed, 'frames');
  return Array.from({ length: 500 }, (_, at) => {
    const data = Buffer.from(Array.from({ length: 14 + random.below(200) }, () => random.below(256)));
    return { atNs: at * 1_000_000_007, bytes: data, original: data.length + random.below(3) * 1000 };
  });
}

describe('other readers', () => {
  for (const littleEndian of [true, false]) {
    it(`pcap-parser reads the same packets (${littleEndian ? 'little' : 'big'}-endian microseconds)`, async () => {
      await withFolder(async (folder) => {
        const file = join(folder, 'a.pcap');
        await writeFile(file, pcap(someFrames(1), { nano: false, littleEndian, originUnixNs: ORIGIN }));
        const theirs = await new Promise<Packet[]>((resolve, reject) => {
          const packets: Packet[] = [];
          parse(file)
            .on('packet', (packet: Packet) => packets.push(packet))
            .on('end', () => resolve(packets))
            .on('error', reject);
        });
        const { frames } = await readFrames(file, 0n);
        assert.deepEqual(
          frames.map(({ original, data }) => [original, data.toString('hex')]),
          theirs.map(({ header, data }) => [header.originalLength, data.toString('hex')]),
        );
        // Counted from 1970 an instant is no exact number any more; from the capture's own time it is.
        const exact = await readFrames(file, ORIGIN);
        assert.deepEqual(
          exact.frames.map(({ atNs }) => atNs),
          theirs.map(({ header }) =>
            Number(
              (BigInt(header.timestampSeconds) * 1_000_000n + BigInt(header.timestampMicroseconds)) * 1000n - ORIGIN,
            ),
          ),
        );
      });
    });
  }

  it('tshark reads the same instants and lengths of every format', async function () {
    const missing = await tsharkIsMissing();
    if (missing !== null) {
      process.stdout.write(`      skipped: ${missing}\n`);
      this.skip();
    }
    const sent = someFrames(2);
    const section = (littleEndian: boolean, resolution: number, tickNs: bigint): Uint8Array => {
      const b = new Blocks(littleEndian);
      return bytes(
        b.section(),
        b.interface(1, [{ code: 9, value: bytes(resolution) }]),
        ...sent.map(({ atNs, bytes: data, original }) =>
          b.enhanced(0, (ORIGIN + BigInt(atNs)) / tickNs, data, original),
        ),
      );
    };
    const files: Record<string, Uint8Array> = {
      'nano.pcap': pcap(sent, { originUnixNs: ORIGIN }),
      'micro-big.pcap': pcap(sent, { nano: false, littleEndian: false, originUnixNs: ORIGIN }),
      'sections.pcapng': bytes(section(true, 9, 1n), section(false, 6, 1000n), section(true, 3, 1_000_000n)),
    };
    await withFolder(async (folder) => {
      for (const [name, data] of Object.entries(files)) {
        const file = join(folder, name);
        await writeFile(file, data);
        const fields = ['frame.time_epoch', 'frame.cap_len', 'frame.len'].flatMap((field) => ['-e', field]);
        const stdout = await programOutput(['tshark', '-n', '-r', file, '-T', 'fields', ...fields]);
        const { frames } = await readFrames(file, ORIGIN);
        const ours = frames.map(({ atNs, data: read, original }) => {
          const unixNs = String(ORIGIN + BigInt(atNs));
          return [`${unixNs.slice(0, -9)}.${unixNs.slice(-9)}`, read.length, original].join('\t');
        });
        assert.deepEqual(ours, stdout.trimEnd().split('\n'), name);
      }
    });
  });
});
