/**
 * Walks the records of a classic pcap file (records/pcap.ts). Knows nothing of files: it is given a window of bytes and
 * says how far it came.
 */
import { MAX_CAPTURED, PCAP_HEADER_BYTES, PCAP_RECORD, readPcapHeader, tooLong } from '../../records/pcap.ts';
import { NS_PER_SECOND, NS_PER_SECOND_BIG } from '../../records/units.ts';
import type { Frame, FrameVisitor } from './frame.ts';

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
      if (end - at < PCAP_HEADER_BYTES) return at;
      this.#readHeader(view, at);
      at += PCAP_HEADER_BYTES;
    }
    const frame = this.#frame;
    const littleEndian = this.#littleEndian;
    const fractionNs = this.#fractionNs;
    frame.view = view;
    while (end - at >= PCAP_RECORD.bytes) {
      const captured = view.getUint32(at + PCAP_RECORD.captured, littleEndian);
      if (captured > MAX_CAPTURED) {
        this.broken = tooLong(captured);
        return at;
      }
      const data = at + PCAP_RECORD.bytes;
      if (captured > end - data) return at;
      const seconds = view.getUint32(at + PCAP_RECORD.seconds, littleEndian);
      const rest = view.getUint32(at + PCAP_RECORD.fraction, littleEndian) * fractionNs;
      if (this.originUnixNs === null) this.#setOrigin(BigInt(seconds) * NS_PER_SECOND_BIG + BigInt(rest));
      frame.atNs = (seconds - this.#originSeconds) * NS_PER_SECOND + (rest - this.#originRestNs);
      frame.offset = data;
      frame.captured = captured;
      frame.original = view.getUint32(at + PCAP_RECORD.original, littleEndian);
      visit(frame);
      at = data + captured;
    }
    return at;
  }

  #readHeader(view: DataView, at: number): void {
    const header = readPcapHeader(view, at);
    if (header === null) throw new Error('unreachable: only a file that begins as pcap is walked as pcap');
    this.#littleEndian = header.littleEndian;
    this.#fractionNs = header.unitNs;
    this.#frame.linkType = header.linkType;
    this.#headerRead = true;
  }

  #setOrigin(unixNs: bigint): void {
    this.originUnixNs = unixNs;
    this.#originSeconds = Number(unixNs / NS_PER_SECOND_BIG);
    this.#originRestNs = Number(unixNs % NS_PER_SECOND_BIG);
  }
}
