/** Builds frames and capture files byte by byte, independently of the code under test. */
import { parse } from './addresses.ts';

export interface Sent {
  readonly atNs: number;
  readonly bytes: Uint8Array;
  /** Length on the wire; that of the bytes unless snapped. */
  readonly original?: number;
}

export const CLIENT_MAC = '02:00:00:00:01:02';
export const ROUTER_MAC = '02:00:00:00:01:01';

export function bytes(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part, 'latin1') : part,
    ),
  );
}

export function u16(value: number): Uint8Array {
  return Buffer.of((value >> 8) & 0xff, value & 0xff);
}

export function u32(value: number): Uint8Array {
  return Buffer.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

export function hex(text: string): Uint8Array {
  return Buffer.from(text.replace(/[^0-9a-f]/gi, ''), 'hex');
}

function mac(text: string): Uint8Array {
  return hex(text);
}

export interface Link {
  readonly from?: string;
  readonly to?: string;
  readonly vlans?: readonly number[];
}

export function ethernet(etherType: number, payload: Uint8Array, link: Link = {}): Uint8Array {
  const { from = CLIENT_MAC, to = ROUTER_MAC, vlans = [] } = link;
  return bytes(mac(to), mac(from), ...vlans.flatMap((id) => [u16(0x8100), u16(id)]), u16(etherType), payload);
}

export interface Ip {
  readonly protocol: number;
  readonly from: string;
  readonly to: string;
  readonly payload: Uint8Array;
  /** IPv4 options, a multiple of 4 bytes; or whole IPv6 extension headers with their first's number. */
  readonly options?: Uint8Array;
  readonly extensions?: readonly { readonly number: number; readonly body: Uint8Array }[];
  /** IPv4 flags and offset word, and identification. */
  readonly fragment?: number;
  readonly id?: number;
  /** Hop limit, or time to live. */
  readonly hops?: number;
}

export function ip(packet: Ip): Uint8Array {
  return packet.from.includes(':') ? ip6(packet) : ip4(packet);
}

function ip4({ protocol, from, to, payload, options = bytes(), fragment = 0, id = 7, hops = 64 }: Ip): Uint8Array {
  const headerBytes = 20 + options.length;
  return bytes(
    0x40 | (headerBytes / 4),
    0,
    u16(headerBytes + payload.length),
    u16(id),
    u16(fragment),
    hops,
    protocol,
    u16(0),
    parse(from),
    parse(to),
    options,
    payload,
  );
}

/** Makes an IPv6 packet. The body of each extension is what follows its next-header byte. */
function ip6({ protocol, from, to, payload, extensions = [], hops = 64 }: Ip): Uint8Array {
  const numbers = [...extensions.map(({ number }) => number), protocol];
  const chain = bytes(...extensions.flatMap(({ body }, at) => [numbers[at + 1]!, body]));
  return bytes(
    0x60,
    0,
    0,
    0,
    u16(chain.length + payload.length),
    numbers[0]!,
    hops,
    parse(from),
    parse(to),
    chain,
    payload,
  );
}

export function udp(from: number, to: number, payload: Uint8Array): Uint8Array {
  return bytes(u16(from), u16(to), u16(8 + payload.length), u16(0), payload);
}

export function tcp(from: number, to: number, payload: Uint8Array, flags = 0x18, options = bytes()): Uint8Array {
  const headerBytes = 20 + options.length;
  return bytes(u16(from), u16(to), u32(1), u32(1), (headerBytes / 4) << 4, flags, u16(65535), u32(0), options, payload);
}

export function frame(packet: Ip, link: Link = {}): Uint8Array {
  return ethernet(packet.from.includes(':') ? 0x86dd : 0x0800, ip(packet), link);
}

export function udpFrame(
  from: string,
  to: string,
  ports: readonly [number, number],
  payload: Uint8Array,
  link: Link = {},
): Uint8Array {
  return frame({ protocol: 17, from, to, payload: udp(ports[0], ports[1], payload) }, link);
}

export function tcpFrame(
  from: string,
  to: string,
  ports: readonly [number, number],
  payload: Uint8Array,
  link: Link = {},
): Uint8Array {
  return frame({ protocol: 6, from, to, payload: tcp(ports[0], ports[1], payload) }, link);
}

export interface PcapOptions {
  readonly littleEndian?: boolean;
  readonly nano?: boolean;
  readonly linkType?: number;
  readonly originUnixNs?: bigint;
}

/** A pcap file. Instants are nanoseconds since the origin; a microsecond file drops what it cannot hold. */
export function pcap(sent: readonly Sent[], options: PcapOptions = {}): Uint8Array {
  const { littleEndian = true, nano = true, linkType = 1, originUnixNs = 0n } = options;
  const word = (value: number): Uint8Array => (littleEndian ? Buffer.from(u32(value)).reverse() : u32(value));
  const half = (value: number): Uint8Array => (littleEndian ? Buffer.from(u16(value)).reverse() : u16(value));
  const header = bytes(
    word(nano ? 0xa1b23c4d : 0xa1b2c3d4),
    half(2),
    half(4),
    word(0),
    word(0),
    word(262144),
    word(linkType),
  );
  const records = sent.map(({ atNs, bytes: data, original = data.length }) => {
    const at = originUnixNs + BigInt(atNs);
    const fraction = Number(at % 1_000_000_000n);
    return bytes(
      word(Number(at / 1_000_000_000n)),
      word(nano ? fraction : Math.floor(fraction / 1000)),
      word(data.length),
      word(original),
      data,
    );
  });
  return bytes(header, ...records);
}

/** ICMP, or ICMPv6 where the addresses are IPv6's. */
export function icmpFrame(from: string, to: string, type: number, link: Link = {}, hops = 64): Uint8Array {
  const payload = bytes(type, 0, u16(0), u32(0), new Uint8Array(20));
  return frame({ protocol: from.includes(':') ? 58 : 1, from, to, payload, hops }, link);
}

/** A message of neighbour discovery, at the hop limit that it must have. */
export function ndpFrame(from: string, to: string, type: number): Uint8Array {
  return icmpFrame(from, to, type, {}, 255);
}
