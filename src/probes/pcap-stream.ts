/**
 * Reads the classic pcap format while it is being written, chunk by chunk, for live use. It accepts what the lab's own
 * tcpdump writes (either byte order, nanosecond or microsecond) and says so when it is given anything else; files of
 * others are read by the analysis.
 */
import type { InstantNs } from '../contracts/clock.ts';

/** A captured frame. */
export interface CapturedFrame {
  readonly atNs: InstantNs;
  /** Bytes of the frame from the Ethernet header on, cut at the capture's snapshot length. */
  readonly bytes: Buffer;
  /** Bytes on the wire. */
  readonly length: number;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** Sub-second unit by magic number, in nanoseconds. */
const UNIT_NS = new Map([
  [0xa1b23c4d, 1],
  [0xa1b2c3d4, 1000],
]);

export class PcapStream {
  /** Frames read so far. */
  frames = 0;
  readonly #originUnixNs: bigint;
  readonly #onFrame: (frame: CapturedFrame) => void;
  #rest: Buffer = Buffer.alloc(0);
  #format: { littleEndian: boolean; unitNs: number } | null = null;

  /** Instants are given relative to `originUnixNs`. A frame's bytes are valid until the callback returns. */
  constructor(originUnixNs: bigint, onFrame: (frame: CapturedFrame) => void) {
    this.#originUnixNs = originUnixNs;
    this.#onFrame = onFrame;
  }

  /** Takes the next bytes of the file, which are the caller's again afterwards; throws when they are not pcap. */
  push(chunk: Buffer): void {
    const input = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    if (this.#format === null) {
      if (input.length < FILE_HEADER_BYTES) {
        this.#rest = Buffer.from(input);
        return;
      }
      this.#format = readFormat(input);
      at = FILE_HEADER_BYTES;
    }
    const { littleEndian, unitNs } = this.#format;
    const read = (offset: number): number => (littleEndian ? input.readUInt32LE(offset) : input.readUInt32BE(offset));
    while (input.length - at >= RECORD_HEADER_BYTES) {
      const captured = read(at + 8);
      const end = at + RECORD_HEADER_BYTES + captured;
      if (end > input.length) break;
      const unixNs = BigInt(read(at)) * 1_000_000_000n + BigInt(read(at + 4) * unitNs);
      this.frames++;
      this.#onFrame({
        atNs: Number(unixNs - this.#originUnixNs),
        bytes: input.subarray(at + RECORD_HEADER_BYTES, end),
        length: read(at + 12),
      });
      at = end;
    }
    this.#rest = Buffer.from(input.subarray(at));
  }
}

function readFormat(header: Buffer): { littleEndian: boolean; unitNs: number } {
  for (const littleEndian of [true, false]) {
    const unitNs = UNIT_NS.get(littleEndian ? header.readUInt32LE(0) : header.readUInt32BE(0));
    if (unitNs !== undefined) return { littleEndian, unitNs };
  }
  throw new Error(
    `Not a pcap stream: it starts with ${header.toString('hex', 0, 4)}, expected a1b23c4d or a1b2c3d4 in either byte order.`,
  );
}
