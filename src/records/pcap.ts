/**
 * The classic pcap format (https://www.tcpdump.org/manpages/pcap-savefile.5.html), microseconds or nanoseconds: a header
 * in either byte order, then records of a header and a frame each. Its constants and headers stand here and nowhere else.
 *
 * It has two readers, which walk the records themselves: the analysis' own over whole files, measured for its speed
 * (`npm run bench classification`), and that of a capture which is still being written, which copies what it hands on.
 */
import { NS_PER_SECOND_BIG } from './units.ts';

export const PCAP_HEADER_BYTES = 24;
/** Where the fields of a record's header are, each of 32 bits, and how long it is. */
export const PCAP_RECORD = { seconds: 0, fraction: 4, captured: 8, original: 12, bytes: 16 } as const;

/** Longest frame libpcap writes or reads (MAXIMUM_SNAPLEN in pcap-int.h): a longer one means the file is damaged. */
export const MAX_CAPTURED = 262_144;

/** What the fraction of a second in a record counts. */
export type PcapResolution = 'micro' | 'nano';

const MAGIC: Readonly<Record<PcapResolution, number>> = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d };
const UNIT_NS: Readonly<Record<PcapResolution, number>> = { micro: 1000, nano: 1 };
/** Major and minor version of the format; there has been no other since 1998. */
const VERSION = [2, 4] as const;
/** The upper half of the header's last field carries flags about a frame check sequence. */
const LINK_TYPE_MASK = 0xffff;

/** What a file's header says of its records. */
export interface PcapHeader {
  readonly littleEndian: boolean;
  /** Nanoseconds in the unit of a record's fraction of a second. */
  readonly unitNs: number;
  readonly linkType: number;
}

/** Whether the first four bytes, read big-endian, begin a pcap file. */
export function isPcapMagic(magic: number): boolean {
  return formatOf(magic) !== null;
}

/** Reads the header at `at`, of which all bytes must be there; null when it is no pcap file's. */
export function readPcapHeader(view: DataView, at: number): PcapHeader | null {
  const format = formatOf(view.getUint32(at));
  if (format === null) return null;
  return { ...format, linkType: view.getUint32(at + 20, format.littleEndian) & LINK_TYPE_MASK };
}

/** What is wrong with a record that claims so many captured bytes; null when nothing is. */
export function tooLong(captured: number): string | null {
  if (captured <= MAX_CAPTURED) return null;
  return `a record claims ${captured} captured bytes, more than any capture holds (${MAX_CAPTURED})`;
}

/** The header of a little-endian file whose records may be as long as any. */
export function pcapHeader(resolution: PcapResolution, linkType: number): Buffer {
  const header = Buffer.alloc(PCAP_HEADER_BYTES);
  header.writeUInt32LE(MAGIC[resolution], 0);
  header.writeUInt16LE(VERSION[0], 4);
  header.writeUInt16LE(VERSION[1], 6);
  header.writeUInt32LE(MAX_CAPTURED, 16);
  header.writeUInt32LE(linkType, 20);
  return header;
}

/**
 * The header of a record of such a file, which its `captured` bytes follow. `unixNs` is in nanoseconds since 1970: what
 * microseconds cannot hold of it is dropped. `original` is the frame's length on the wire.
 */
export function pcapRecordHeader(
  resolution: PcapResolution,
  unixNs: bigint,
  captured: number,
  original: number,
): Buffer {
  const header = Buffer.alloc(PCAP_RECORD.bytes);
  const fractionNs = Number(unixNs % NS_PER_SECOND_BIG);
  header.writeUInt32LE(Number(unixNs / NS_PER_SECOND_BIG), PCAP_RECORD.seconds);
  header.writeUInt32LE(Math.floor(fractionNs / UNIT_NS[resolution]), PCAP_RECORD.fraction);
  header.writeUInt32LE(captured, PCAP_RECORD.captured);
  header.writeUInt32LE(original, PCAP_RECORD.original);
  return header;
}

function formatOf(magic: number): Omit<PcapHeader, 'linkType'> | null {
  for (const resolution of ['nano', 'micro'] as const) {
    if (magic === MAGIC[resolution]) return { littleEndian: false, unitNs: UNIT_NS[resolution] };
    if (magic === swap32(MAGIC[resolution])) return { littleEndian: true, unitNs: UNIT_NS[resolution] };
  }
  return null;
}

function swap32(word: number): number {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, word);
  return bytes.getUint32(0, true);
}
