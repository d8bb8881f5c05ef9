/** Writes a pcap file, Ethernet and nanoseconds: the captures that mutants of the detector read. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';

const MAGIC_NANO = 0xa1b23c4d;
const SNAPSHOT_BYTES = 262_144;
const ETHERNET = 1;

export interface PcapWriter extends AsyncDisposable {
  readonly packets: number;
  /** Adds a frame at an instant in nanoseconds since 1970; `length` is that on the wire. */
  add(unixNs: bigint, bytes: Uint8Array, length: number): void;
  /** Resolves when the file is whole. */
  end(): Promise<void>;
}

/** Opens the file; disposing removes it. */
export async function writePcap(file: string): Promise<PcapWriter> {
  const out = createWriteStream(file);
  const header = Buffer.alloc(24);
  header.writeUInt32LE(MAGIC_NANO, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAPSHOT_BYTES, 16);
  header.writeUInt32LE(ETHERNET, 20);
  out.write(header);
  let packets = 0;
  return Promise.resolve({
    get packets() {
      return packets;
    },
    add(unixNs, bytes, length) {
      packets += 1;
      const record = Buffer.alloc(16);
      record.writeUInt32LE(Number(unixNs / 1_000_000_000n), 0);
      record.writeUInt32LE(Number(unixNs % 1_000_000_000n), 4);
      record.writeUInt32LE(bytes.length, 8);
      record.writeUInt32LE(length, 12);
      out.write(Buffer.concat([record, bytes]));
    },
    async end() {
      out.end();
      await finished(out);
    },
    [Symbol.asyncDispose]: () => rm(file, { force: true }),
  });
}
