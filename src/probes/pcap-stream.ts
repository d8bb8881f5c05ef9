/**
 * Reads the classic pcap format (records/pcap.ts) while it is being written, chunk by chunk, for live use. It accepts what
 * the lab's own tcpdump writes and says so when it is given anything else; files of others are read by the analysis.
 */
import type { InstantNs } from '../contracts/clock.ts';
import { PCAP_HEADER_BYTES, PCAP_RECORD, type PcapHeader, readPcapHeader, tooLong } from '../records/pcap.ts';
import { NS_PER_SECOND_BIG } from '../records/units.ts';

/** A captured frame. */
export interface CapturedFrame {
  readonly atNs: InstantNs;
  /** Bytes of the frame from the Ethernet header on, cut at the capture's snapshot length. */
  readonly bytes: Buffer;
  /** Bytes on the wire. */
  readonly length: number;
}

export class PcapStream {
  /** Frames read so far. */
  frames = 0;
  readonly #originUnixNs: bigint;
  readonly #onFrame: (frame: CapturedFrame) => void;
  #rest: Buffer = Buffer.alloc(0);
  #header: PcapHeader | null = null;

  /** Instants are given relative to `originUnixNs`. A frame's bytes are valid until the callback returns. */
  constructor(originUnixNs: bigint, onFrame: (frame: CapturedFrame) => void) {
    this.#originUnixNs = originUnixNs;
    this.#onFrame = onFrame;
  }

  /** Takes the next bytes of the file, which are the caller's again afterwards; throws when they are not pcap. */
  push(chunk: Buffer): void {
    const input = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    if (this.#header === null) {
      if (input.length < PCAP_HEADER_BYTES) {
        this.#rest = Buffer.from(input);
        return;
      }
      this.#header = headerOf(view);
      at = PCAP_HEADER_BYTES;
    }
    const { littleEndian, unitNs } = this.#header;
    const read = (offset: number): number => view.getUint32(offset, littleEndian);
    while (input.length - at >= PCAP_RECORD.bytes) {
      const captured = read(at + PCAP_RECORD.captured);
      const complaint = tooLong(captured);
      if (complaint !== null) throw new Error(`Not a pcap stream any more after ${this.frames} frames: ${complaint}.`);
      const data = at + PCAP_RECORD.bytes;
      const end = data + captured;
      if (end > input.length) break;
      const seconds = BigInt(read(at + PCAP_RECORD.seconds));
      const unixNs = seconds * NS_PER_SECOND_BIG + BigInt(read(at + PCAP_RECORD.fraction) * unitNs);
      this.frames++;
      this.#onFrame({
        atNs: Number(unixNs - this.#originUnixNs),
        bytes: input.subarray(data, end),
        length: read(at + PCAP_RECORD.original),
      });
      at = end;
    }
    this.#rest = Buffer.from(input.subarray(at));
  }
}

function headerOf(view: DataView): PcapHeader {
  const header = readPcapHeader(view, 0);
  if (header !== null) return header;
  const start = view.getUint32(0).toString(16).padStart(8, '0');
  throw new Error(`Not a pcap stream: it starts with ${start}, expected a1b23c4d or a1b2c3d4 in either byte order.`);
}
