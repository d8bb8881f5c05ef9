/**
 * Builds Ethernet frames that no socket would send: from any address, to any address. The one place where the lab's own
 * packets are made; the tests build theirs apart from it (test/kit/frames.ts).
 */
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../records/identity.ts';
import { ETHERTYPE, PROTOCOL } from '../records/protocols.ts';
import { addressBytes } from './swarm/compact.ts';

export interface IpFrame {
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** Addresses of one family, which is the frame's. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** Bytes after the IP header. */
  readonly payload: Uint8Array;
}

/** A frame from a port to a port. */
export interface PortFrame {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly payload: Uint8Array;
}

const TTL = 64;
/** Flags of a segment that carries data (RFC 9293, 3.1). */
const TCP_PSH_ACK = 0x18;
const TCP_WINDOW = 0xffff;

/** An Ethernet frame of any type. */
export function ethernetFrame(sourceMac: string, destinationMac: string, type: number, payload: Uint8Array): Buffer {
  const header = Buffer.from([...macBytes(destinationMac), ...macBytes(sourceMac), 0, 0]);
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, payload]);
}

/** An Ethernet frame with an IPv4 or IPv6 packet. */
export function ipFrame({ sourceMac, destinationMac, source, destination, protocol, payload }: IpFrame): Buffer {
  const v6 = isIPv6(source);
  if (v6 !== isIPv6(destination)) throw new RangeError(`${source} and ${destination} are not of one family.`);
  const header = v6 ? Buffer.alloc(40) : Buffer.alloc(20);
  if (v6) {
    header.writeUInt8(0x60, 0);
    header.writeUInt16BE(payload.length, 4);
    header.writeUInt8(protocol, 6);
    header.writeUInt8(TTL, 7);
    header.set(addressBytes(source), 8);
    header.set(addressBytes(destination), 24);
  } else {
    header.writeUInt8(0x45, 0);
    header.writeUInt16BE(20 + payload.length, 2);
    header.writeUInt8(TTL, 8);
    header.writeUInt8(protocol, 9);
    header.set(addressBytes(source), 12);
    header.set(addressBytes(destination), 16);
    header.writeUInt16BE(checksum(header), 10);
  }
  const type = v6 ? ETHERTYPE.ip6 : ETHERTYPE.ip4;
  return ethernetFrame(sourceMac, destinationMac, type, Buffer.concat([header, payload]));
}

/** An Ethernet frame with a UDP datagram, checksum included. */
export function udpFrame({ sourceMac, destinationMac, source, destination, payload }: PortFrame): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(8), payload]);
  datagram.writeUInt16BE(source.port, 0);
  datagram.writeUInt16BE(destination.port, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  const ends = { source: source.address, destination: destination.address };
  // A sum of zero is sent as its other form: zero itself means that there is none.
  datagram.writeUInt16BE(transportChecksum(ends, PROTOCOL.udp, datagram) || 0xffff, 6);
  return ipFrame({ sourceMac, destinationMac, ...ends, protocol: PROTOCOL.udp, payload: datagram });
}

/** An Ethernet frame with a TCP segment of an established connection, PSH and ACK, checksum included. */
export function tcpFrame({ sourceMac, destinationMac, source, destination, payload }: PortFrame): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(source.port, 0);
  header.writeUInt16BE(destination.port, 2);
  header.writeUInt32BE(1, 4);
  header.writeUInt32BE(1, 8);
  header.writeUInt8((header.length / 4) << 4, 12);
  header.writeUInt8(TCP_PSH_ACK, 13);
  header.writeUInt16BE(TCP_WINDOW, 14);
  const segment = Buffer.concat([header, payload]);
  const ends = { source: source.address, destination: destination.address };
  segment.writeUInt16BE(transportChecksum(ends, PROTOCOL.tcp, segment), 16);
  return ipFrame({ sourceMac, destinationMac, ...ends, protocol: PROTOCOL.tcp, payload: segment });
}

/** RFC 1071 over the pseudo header (RFC 768, RFC 8200 section 8.1) and what follows the IP header. */
function transportChecksum(
  ends: { readonly source: string; readonly destination: string },
  protocol: number,
  segment: Uint8Array,
): number {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(segment.length);
  const pseudo = [...addressBytes(ends.source), ...addressBytes(ends.destination), ...length, 0, 0, 0, protocol];
  return checksum(Buffer.from([...pseudo, ...segment, ...(segment.length % 2 === 0 ? [] : [0])]));
}

function macBytes(mac: string): number[] {
  return mac.split(':').map((part) => Number.parseInt(part, 16));
}

/** RFC 1071, of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
