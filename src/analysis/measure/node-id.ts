/**
 * BEP 42: the first 21 bits of a DHT node id are a CRC32-C of the node's external address. An id made outside the tunnel
 * and used inside it therefore names the real address to every node it is shown to. A random id fits an address by chance
 * once in 2^21.
 */
import { parseAddress } from '../capture/address.ts';

/** Bits of the address that count, by BEP 42. */
const MASK_V4 = [0x03, 0x0f, 0x3f, 0xff];
const MASK_V6 = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff];
/** CRC-32C (Castagnoli), reflected polynomial (RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f63b78;
/** Networks BEP 42 exempts, as first byte(s): ids of such nodes are not derived from their address. */
const EXEMPT_V4 = /^(10\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.|169\.254\.|127\.)/;

/** Whether a node id (40 hex digits) is one BEP 42 allows for that address. False for exempt addresses. */
export function nodeIdNames(nodeIdHex: string, address: string): boolean {
  if (!/^[0-9a-f]{40}$/i.test(nodeIdHex) || EXEMPT_V4.test(address)) return false;
  const random = parseInt(nodeIdHex.slice(38), 16) & 7;
  const crc = nodeIdPrefix(address, random);
  return parseInt(nodeIdHex.slice(0, 6), 16) >>> 3 === crc >>> 11;
}

/** The CRC32-C whose upper 21 bits begin the id of a node at `address` with that random value (its last byte, modulo 8). */
export function nodeIdPrefix(address: string, random: number): number {
  const { version, words } = parseAddress(address);
  const bytes = version === 4 ? bytesOf([words[3]]) : bytesOf([words[0], words[1]]);
  const mask = version === 4 ? MASK_V4 : MASK_V6;
  const masked = bytes.map((byte, at) => byte & (mask[at] ?? 0));
  masked[0] = (masked[0] ?? 0) | ((random & 7) << 5);
  return crc32c(masked);
}

function bytesOf(words: readonly number[]): number[] {
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]);
}

function crc32c(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return ~crc >>> 0;
}
