/**
 * Walks the records of a classic pcap file (https://www.tcpdump.org/manpages/pcap-savefile.5.html), microseconds or
 * nanoseconds, in either byte order. Knows nothing of files: it is given a window of bytes and says how far it came.
 */
import { type Frame, type FrameVisitor, MAX_CAPTURED, NS_PER_SECOND } from './frame.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC_MICRO = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;

/** What any reader of a capture format gives the loop that feeds it. */
export interface CaptureWalker {
  readonly format: 'pcap' | 'pcapng';
  /** Visits every whole frame of `view` in [start, end) and gives where the first incomplete record begins. */
  walk(view: DataView, start: number, end: number, visit: FrameVisitor): number;
  /** Bytes that follow the position given back and are to be passed over unread. */
  skipBytes: number;
  /** Set when the bytes make no sense any more; nothing is read beyond. */
  broken: string | null;
  /** Packets the capture says were dropped; null when the format or the file does not say. */
  readonly dropped: number | null;
  /** The origin of `Frame.atNs`; null until the first timestamp where none was asked for. */
  readonly originUnixNs: bigint | null;
}

/** Whether the first four bytes, read big-endian, begin a pcap file. */
export function isPcapMagic(magic: number): boolean {
  return [MAGIC_MICRO, MAGIC_NANO, swap32(MAGIC_MICRO), swap32(MAGIC_NANO)].includes(magic);
}

export class PcapWalker implements CaptureWalker {
  readonly format = 'pcap';
  readonly dropped = null;
  skipBytes = 0;
  broken: string | null = null;
  originUnixNs: bigint | null;
  readonly #frame: Frame;
  #headerRead = false;
  #littleEndian = false;
  /** Nanoseconds in the unit of the record's fraction of a second. */
  #fractionNs = 1;
  #originSeconds = 0;
  #originRestNs = 0;

  constructor(frame: Frame, originUnixNs: bigint | null) {
    this.#frame = frame;
    this.originUnixNs = originUnixNs;
    if (originUnixNs !== null) this.#setOrigin(originUnixNs);
  }

  walk(view: DataView, start: number, end: number, visit: FrameVisitor): number {
    let at = start;
    if (!this.#headerRead) {
      if (end - at < FILE_HEADER_BYTES) return at;
      this.#readHeader(view, at);
      at += FILE_HEADER_BYTES;
    }
    const frame = this.#frame;
    const littleEndian = this.#littleEndian;
    const fractionNs = this.#fractionNs;
    frame.view = view;
    while (end - at >= RECORD_HEADER_BYTES) {
      const captured = view.getUint32(at + 8, littleEndian);
      if (captured > MAX_CAPTURED) {
        this.broken = `a record claims ${captured} captured bytes, more than any capture holds (${MAX_CAPTURED})`;
        return at;
      }
      const data = at + RECORD_HEADER_BYTES;
      if (captured > end - data) return at;
      const seconds = view.getUint32(at, littleEndian);
      const rest = view.getUint32(at + 4, littleEndian) * fractionNs;
      if (this.originUnixNs === null) this.#setOrigin(BigInt(seconds) * NS_PER_SECOND + BigInt(rest));
      frame.atNs = (seconds - this.#originSeconds) * 1e9 + (rest - this.#originRestNs);
      frame.offset = data;
      frame.captured = captured;
      frame.original = view.getUint32(at + 12, littleEndian);
      visit(frame);
      at = data + captured;
    }
    return at;
  }

  #readHeader(view: DataView, at: number): void {
    const magic = view.getUint32(at);
    this.#littleEndian = magic === swap32(MAGIC_MICRO) || magic === swap32(MAGIC_NANO);
    this.#fractionNs = magic === MAGIC_MICRO || magic === swap32(MAGIC_MICRO) ? 1000 : 1;
    // The upper half of the field carries flags about a frame check sequence.
    this.#frame.linkType = view.getUint32(at + 20, this.#littleEndian) & 0xffff;
    this.#headerRead = true;
  }

  #setOrigin(unixNs: bigint): void {
    this.originUnixNs = unixNs;
    this.#originSeconds = Number(unixNs / NS_PER_SECOND);
    this.#originRestNs = Number(unixNs % NS_PER_SECOND);
  }
}

function swap32(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
