/**
 * Walks the blocks of a pcapng file (draft-ietf-opsawg-pcapng): sections and interfaces in any number, either byte order,
 * any timestamp resolution. Packet comments and names are passed over; the drops of an interface statistics block are kept.
 */
import { MAX_CAPTURED } from '../../records/pcap.ts';
import type { Frame, FrameVisitor } from './frame.ts';
import type { CaptureWalker } from './pcap.ts';
import { TickClock, ticksPerSecondOf } from './pcapng-clock.ts';

export const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  packet: 2,
  simplePacket: 3,
  statistics: 5,
  enhancedPacket: 6,
} as const;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BYTE_ORDER_MAGIC_SWAPPED = 0x4d3c2b1a;
export const OPTION = { end: 0, tsResolution: 9, tsOffset: 14, dropped: 5, osDropped: 7 } as const;

const SECTION_HEADER_BYTES = 28;
const MIN_BLOCK_BYTES = 12;
/** Longest block whose body is looked into: a frame of MAX_CAPTURED and generous options. Others may be longer. */
const MAX_READ_BLOCK_BYTES = 2 * MAX_CAPTURED;
/** Most interfaces a section may declare: more than any machine has, so that a file with more is hostile. */
const MAX_INTERFACES = 65_536;

interface CaptureInterface {
  readonly linkType: number;
  /** Longest captured frame; 0 is no limit. Only simple packet blocks depend on it. */
  readonly snapLength: number;
  readonly clock: TickClock;
  dropped: number | null;
}

export class PcapngWalker implements CaptureWalker {
  readonly format = 'pcapng';
  skipBytes = 0;
  broken: string | null = null;
  originUnixNs: bigint | null;
  readonly #frame: Frame;
  #littleEndian = false;
  #inSection = false;
  #interfaces: CaptureInterface[] = [];
  #droppedBefore: number | null = null;
  /** Interfaces of the sections before this one. */
  #interfacesBefore = 0;

  constructor(frame: Frame, originUnixNs: bigint | null) {
    this.#frame = frame;
    this.originUnixNs = originUnixNs;
  }

  get dropped(): number | null {
    return this.#interfaces.reduce<number | null>((sum, { dropped }) => add(sum, dropped), this.#droppedBefore);
  }

  walk(view: DataView, start: number, end: number, visit: FrameVisitor): number {
    let at = start;
    while (end - at >= MIN_BLOCK_BYTES) {
      const isSection = view.getUint32(at) === BLOCK.section;
      if (isSection && !this.#openSection(view, at)) return at;
      if (!this.#inSection) return this.#break(at, 'there is no section header');
      const type = view.getUint32(at, this.#littleEndian);
      const length = view.getUint32(at + 4, this.#littleEndian);
      if (length < MIN_BLOCK_BYTES || length % 4 !== 0) {
        return this.#break(
          at,
          `a block claims a length of ${length} bytes (a multiple of 4, at least ${MIN_BLOCK_BYTES})`,
        );
      }
      if (!isRead(type)) {
        const there = Math.min(length, end - at);
        this.skipBytes = length - there;
        at += there;
        if (this.skipBytes > 0) return at;
        continue;
      }
      if (length > MAX_READ_BLOCK_BYTES) {
        return this.#break(
          at,
          `a block of type ${type} claims ${length} bytes, more than the ${MAX_READ_BLOCK_BYTES} allowed`,
        );
      }
      if (length > end - at) return at;
      if (view.getUint32(at + length - 4, this.#littleEndian) !== length) {
        return this.#break(at, `a block of ${length} bytes does not repeat its length at its end`);
      }
      if (type === BLOCK.enhancedPacket) this.#enhancedPacket(view, at, length, visit);
      else if (type === BLOCK.simplePacket) this.#simplePacket(view, at, length, visit);
      else if (type === BLOCK.packet) this.#oldPacket(view, at, length, visit);
      else if (type === BLOCK.interface) this.#interface(view, at, length);
      else if (type === BLOCK.statistics) this.#statistics(view, at, length);
      if (this.#isBroken()) return at;
      at += length;
    }
    return at;
  }

  #break(at: number, reason: string): number {
    this.broken = reason;
    return at;
  }

  #isBroken(): boolean {
    return this.broken !== null;
  }

  /** Reads the byte order; false when the block is not (or not yet) one that can be read. */
  #openSection(view: DataView, at: number): boolean {
    const magic = view.getUint32(at + 8);
    if (magic !== BYTE_ORDER_MAGIC && magic !== BYTE_ORDER_MAGIC_SWAPPED) {
      this.broken = `a section header has the byte-order magic 0x${magic.toString(16)} instead of 0x1a2b3c4d`;
      return false;
    }
    this.#littleEndian = magic === BYTE_ORDER_MAGIC_SWAPPED;
    if (view.getUint32(at + 4, this.#littleEndian) < SECTION_HEADER_BYTES) {
      this.broken = `a section header is shorter than ${SECTION_HEADER_BYTES} bytes`;
      return false;
    }
    this.#droppedBefore = this.dropped;
    this.#interfacesBefore += this.#interfaces.length;
    this.#interfaces = [];
    this.#inSection = true;
    return true;
  }

  #enhancedPacket(view: DataView, at: number, length: number, visit: FrameVisitor): void {
    if (length < 32) {
      this.broken = `an enhanced packet block of ${length} bytes is shorter than 32`;
      return;
    }
    const id = view.getUint32(at + 8, this.#littleEndian);
    this.#packet(view, at, length, id, visit);
  }

  /** The obsolete packet block: its interface is 16 bits wide and followed by a count of drops, the rest is the same. */
  #oldPacket(view: DataView, at: number, length: number, visit: FrameVisitor): void {
    if (length < 32) {
      this.broken = `a packet block of ${length} bytes is shorter than 32`;
      return;
    }
    const id = view.getUint16(at + 8, this.#littleEndian);
    this.#packet(view, at, length, id, visit);
  }

  #packet(view: DataView, at: number, length: number, id: number, visit: FrameVisitor): void {
    const from = this.#interfaces[id];
    const captured = view.getUint32(at + 20, this.#littleEndian);
    if (from === undefined) {
      this.broken = `a packet is of interface ${id}, and the section has declared ${this.#interfaces.length}`;
      return;
    }
    if (captured > length - 32) {
      this.broken = `a packet claims ${captured} captured bytes in a block of ${length}`;
      return;
    }
    const frame = this.#frame;
    const high = view.getUint32(at + 12, this.#littleEndian);
    const low = view.getUint32(at + 16, this.#littleEndian);
    this.originUnixNs ??= from.clock.unixNs(high, low);
    if (!from.clock.hasOrigin) from.clock.setOrigin(this.originUnixNs);
    frame.atNs = from.clock.sinceOriginNs(high, low);
    frame.view = view;
    frame.offset = at + 28;
    frame.captured = captured;
    frame.original = view.getUint32(at + 24, this.#littleEndian);
    this.#visit(from, id, visit);
  }

  /** A simple packet block has no timestamp: it is given that of the packet before it. */
  #simplePacket(view: DataView, at: number, length: number, visit: FrameVisitor): void {
    const from = this.#interfaces[0];
    if (from === undefined || length < 16) {
      this.broken =
        from === undefined ? 'a simple packet block comes before any interface' : 'a simple packet block is too short';
      return;
    }
    const frame = this.#frame;
    const original = view.getUint32(at + 8, this.#littleEndian);
    frame.view = view;
    frame.offset = at + 12;
    frame.captured = Math.min(original, length - 16, from.snapLength === 0 ? MAX_CAPTURED : from.snapLength);
    frame.original = original;
    this.#visit(from, 0, visit);
  }

  #visit({ linkType }: CaptureInterface, id: number, visit: FrameVisitor): void {
    const frame = this.#frame;
    frame.linkType = linkType;
    frame.interfaceId = this.#interfacesBefore + id;
    frame.interfaces = this.#interfacesBefore + this.#interfaces.length;
    visit(frame);
  }

  #interface(view: DataView, at: number, length: number): void {
    if (length < 20 || this.#interfaces.length >= MAX_INTERFACES) {
      this.broken =
        length < 20 ? 'an interface block is too short' : `more than ${MAX_INTERFACES} interfaces in one section`;
      return;
    }
    let ticksPerSecond = ticksPerSecondOf(6);
    let offsetSeconds = 0n;
    this.#options(view, at + 16, at + length - 4, (code, value, bytes) => {
      if (code === OPTION.tsResolution && bytes === 1) ticksPerSecond = ticksPerSecondOf(view.getUint8(value));
      if (code === OPTION.tsOffset && bytes === 8) offsetSeconds = view.getBigInt64(value, this.#littleEndian);
    });
    this.#interfaces.push({
      linkType: view.getUint16(at + 8, this.#littleEndian),
      snapLength: view.getUint32(at + 12, this.#littleEndian),
      clock: new TickClock(ticksPerSecond, offsetSeconds),
      dropped: null,
    });
  }

  #statistics(view: DataView, at: number, length: number): void {
    const of = length < 24 ? undefined : this.#interfaces[view.getUint32(at + 8, this.#littleEndian)];
    if (of === undefined) return;
    const counts: number[] = [];
    this.#options(view, at + 20, at + length - 4, (code, value, bytes) => {
      if ((code !== OPTION.dropped && code !== OPTION.osDropped) || bytes !== 8) return;
      counts.push(Number(view.getBigUint64(value, this.#littleEndian)));
    });
    // Counted since the capture began, so a later block replaces an earlier one.
    if (counts.length > 0) of.dropped = counts.reduce((sum, count) => sum + count);
  }

  /** Visits the options in [at, end); one that reaches beyond ends the list. */
  #options(
    view: DataView,
    start: number,
    end: number,
    visit: (code: number, value: number, bytes: number) => void,
  ): void {
    let at = start;
    while (end - at >= 4) {
      const code = view.getUint16(at, this.#littleEndian);
      const bytes = view.getUint16(at + 2, this.#littleEndian);
      if (code === OPTION.end || bytes > end - at - 4) return;
      visit(code, at + 4, bytes);
      at += 4 + Math.ceil(bytes / 4) * 4;
    }
  }
}

function isRead(type: number): boolean {
  return type <= BLOCK.enhancedPacket ? type !== 0 && type !== 4 : type === BLOCK.section;
}

function add(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}
