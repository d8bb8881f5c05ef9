/**
 * Writes the blocks of a pcapng file: little-endian, one section, nanosecond timestamps, comments on packets. Every
 * function gives one whole block; where they go is the caller's business.
 */
import { BLOCK, BYTE_ORDER_MAGIC, OPTION } from './pcapng.ts';

const COMMENT_OPTION = 1;
const NANOSECONDS = 9;
const TEXT = new TextEncoder();

export function sectionBlock(application: string): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, 1, true);
  view.setUint16(6, 0, true);
  // The section's length is not told in advance.
  view.setBigInt64(8, -1n, true);
  return block(BLOCK.section, body, [option(4, TEXT.encode(application))]);
}

export function interfaceBlock(linkType: number, name: string): Uint8Array {
  const body = new Uint8Array(8);
  new DataView(body.buffer).setUint16(0, linkType, true);
  return block(BLOCK.interface, body, [
    option(2, TEXT.encode(name)),
    option(OPTION.tsResolution, Uint8Array.of(NANOSECONDS)),
  ]);
}

export interface PacketBlock {
  readonly interfaceId: number;
  readonly unixNs: bigint;
  readonly data: Uint8Array;
  /** Bytes the frame had on the wire. */
  readonly original: number;
  readonly comments: readonly string[];
}

export function packetBlock({ interfaceId, unixNs, data, original, comments }: PacketBlock): Uint8Array {
  const body = new Uint8Array(20 + padded(data.length));
  const view = new DataView(body.buffer);
  view.setUint32(0, interfaceId, true);
  view.setUint32(4, Number(unixNs >> 32n), true);
  view.setUint32(8, Number(unixNs & 0xffff_ffffn), true);
  view.setUint32(12, data.length, true);
  view.setUint32(16, original, true);
  body.set(data, 20);
  return block(BLOCK.enhancedPacket, body, comments.map(comment));
}

/** Interface statistics: what the capture dropped (null: not known), and comments that found no packet. */
export function statisticsBlock(
  interfaceId: number,
  unixNs: bigint,
  dropped: number | null,
  comments: readonly string[],
): Uint8Array {
  const body = new Uint8Array(12);
  const view = new DataView(body.buffer);
  view.setUint32(0, interfaceId, true);
  view.setUint32(4, Number(unixNs >> 32n), true);
  view.setUint32(8, Number(unixNs & 0xffff_ffffn), true);
  const options = comments.map(comment);
  if (dropped !== null) {
    const count = new Uint8Array(8);
    new DataView(count.buffer).setBigUint64(0, BigInt(dropped), true);
    options.push(option(OPTION.dropped, count));
  }
  return block(BLOCK.statistics, body, options);
}

function comment(text: string): Uint8Array {
  return option(COMMENT_OPTION, TEXT.encode(text));
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

function block(type: number, body: Uint8Array, options: readonly Uint8Array[]): Uint8Array {
  const list = options.length === 0 ? [] : [...options, option(OPTION.end, new Uint8Array(0))];
  const length = 12 + body.length + list.reduce((sum, { length: bytes }) => sum + bytes, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  let at = 8;
  for (const part of [body, ...list]) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setUint32(at, length, true);
  return bytes;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
