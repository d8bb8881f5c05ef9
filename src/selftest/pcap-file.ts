/** Writes a pcap file, Ethernet and nanoseconds: the captures that mutants of the detector read. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { LINK } from '../analysis/capture/frame.ts';
import { pcapHeader, pcapRecordHeader } from '../records/pcap.ts';

export interface PcapWriter extends AsyncDisposable {
  readonly packets: number;
  /** Adds a frame at an instant in nanoseconds since 1970; `length` is that on the wire. */
  add(unixNs: bigint, bytes: Uint8Array, length: number): void;
  /** Resolves when the file is whole. */
  end(): Promise<void>;
}

/** Opens the file; disposing removes it. */
export async function writePcap(file: string): Promise<PcapWriter> {
  const out = createWriteStream(file, { flags: 'wx' });
  out.write(pcapHeader('nano', LINK.ethernet));
  let packets = 0;
  return Promise.resolve({
    get packets() {
      return packets;
    },
    add(unixNs, bytes, length) {
      packets += 1;
      out.write(Buffer.concat([pcapRecordHeader('nano', unixNs, bytes.length, length), bytes]));
    },
    async end() {
      out.end();
      await finished(out);
    },
    [Symbol.asyncDispose]: () => rm(file, { force: true }),
  });
}
