/**
 * Finds the headers of one frame: who sent it on the link, the IP addresses, the ports, the payload. Never reads past the
 * captured bytes; what is cut off is "not known" (-1), never guessed. Judges nothing.
 */
import { ETHERTYPE, PROTOCOL } from '../../records/protocols.ts';
import { type Frame, LINK } from './frame.ts';

/** What the link carries. `unreadable`: said to be IP, but cut short or malformed. */
export const NETWORK = { other: 0, arp: 1, ip4: 2, ip6: 3, unreadable4: 4, unreadable6: 5 } as const;
/** `first` has the ports, `later` fragments have not. */
export const FRAGMENT = { whole: 0, first: 1, later: 2 } as const;
/** Stands for the protocol number of a packet that does not come to say it. */
const UNKNOWN_PROTOCOL = -1;

const VLAN_TAGS: readonly number[] = [0x8100, 0x88a8, 0x9100];
const MAX_VLAN_TAGS = 4;
/** PPPoE session (RFC 2516): version, code, session and length in 6 bytes, then the protocol of PPP. */
const PPPOE_SESSION = 0x8864;
const PPPOE_BYTES = 6;
/** Protocols of PPP (IANA) that are carried by an EtherType of their own elsewhere. */
const PPP = { ip4: 0x21, ip6: 0x57 } as const;
const MAX_EXTENSION_HEADERS = 16;
/** IPv6 next-header values that are extension headers (IANA registry), apart from the fragment header. */
const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  ah: 51,
  destination: 60,
  mobility: 135,
  hip: 139,
  shim6: 140,
};
/** AF_INET, and AF_INET6 as Linux, BSD, FreeBSD and macOS number it, in loopback captures. */
const NULL_FAMILIES_IP6: readonly number[] = [10, 24, 28, 30];
const NULL_FAMILY_IP4 = 2;

export class Headers {
  /** Link-layer source address, as its upper 16 and lower 32 bits; `hasMac` tells whether there is one. */
  hasMac = false;
  macHigh = 0;
  macLow = 0;
  network: number = NETWORK.other;
  /** Where the network header begins, and where the packet ends: at the captured end or the IP length, padding excluded. */
  networkAt = 0;
  end = 0;
  /** The last header's protocol number. */
  protocol: number = UNKNOWN_PROTOCOL;
  sourceAt = 0;
  destinationAt = 0;
  fragment: number = FRAGMENT.whole;
  /** IP identification, which the fragments of one packet share. */
  fragmentId = 0;
  transportAt = 0;
  sourcePort = -1;
  destinationPort = -1;
  /** Where the TCP or UDP payload begins; `end` where there is none or it is not known. */
  payloadAt = 0;
  /** Payload bytes there were on the wire, which a short capture may not have kept. */
  payloadBytes = 0;

  read(frame: Frame): void {
    const { view, offset } = frame;
    const end = offset + frame.captured;
    this.hasMac = false;
    this.protocol = UNKNOWN_PROTOCOL;
    this.fragment = FRAGMENT.whole;
    this.sourcePort = -1;
    this.destinationPort = -1;
    this.payloadBytes = 0;
    this.network = NETWORK.other;
    this.networkAt = this.payloadAt = this.end = end;
    switch (frame.linkType) {
      case LINK.ethernet:
        if (frame.captured < 14) return;
        this.#mac(view, offset + 6);
        this.#etherType(view, offset + 12, end, frame);
        return;
      case LINK.linuxCooked:
        if (frame.captured < 16) return;
        if (view.getUint16(offset + 4) === 6) this.#mac(view, offset + 6);
        this.#etherType(view, offset + 14, end, frame);
        return;
      case LINK.linuxCooked2:
        if (frame.captured < 20) return;
        if (view.getUint8(offset + 11) === 6) this.#mac(view, offset + 12);
        this.#tagged(view.getUint16(offset), view, offset + 20, end, frame);
        return;
      case LINK.raw:
      case LINK.rawBsd:
      case LINK.ipv4:
      case LINK.ipv6:
        if (frame.captured < 1) return;
        this.#network(view.getUint8(offset) >> 4 === 6 ? ETHERTYPE.ip6 : ETHERTYPE.ip4, view, offset, end, frame);
        return;
      case LINK.null:
      case LINK.loop:
        if (frame.captured < 4) return;
        this.#network(etherTypeOfNull(view, offset), view, offset + 4, end, frame);
        return;
      default:
        return;
    }
  }

  #mac(view: DataView, at: number): void {
    this.hasMac = true;
    this.macHigh = view.getUint16(at);
    this.macLow = view.getUint32(at + 2);
  }

  #etherType(view: DataView, at: number, end: number, frame: Frame): void {
    this.#tagged(view.getUint16(at), view, at + 2, end, frame);
  }

  /** What an EtherType says is at `start`, VLAN tags and PPPoE passed over. */
  #tagged(etherType: number, view: DataView, start: number, end: number, frame: Frame): void {
    let at = start;
    let type = etherType;
    for (let tags = 0; tags < MAX_VLAN_TAGS && VLAN_TAGS.includes(type) && end - at >= 4; tags++) {
      type = view.getUint16(at + 2);
      at += 4;
    }
    if (type === PPPOE_SESSION && end - at > PPPOE_BYTES + 1) {
      at += PPPOE_BYTES;
      // An odd first byte is the whole of a compressed protocol (RFC 1661, 6.5).
      const first = view.getUint8(at);
      const protocol = (first & 1) === 1 ? first : view.getUint16(at);
      at += (first & 1) === 1 ? 1 : 2;
      type = protocol === PPP.ip4 ? ETHERTYPE.ip4 : protocol === PPP.ip6 ? ETHERTYPE.ip6 : 0;
    }
    this.#network(type, view, at, end, frame);
  }

  #network(etherType: number, view: DataView, at: number, end: number, frame: Frame): void {
    this.networkAt = at;
    if (etherType === ETHERTYPE.ip4) this.#ip4(view, at, end, frame);
    else if (etherType === ETHERTYPE.ip6) this.#ip6(view, at, end, frame);
    else if (etherType === ETHERTYPE.arp) this.network = NETWORK.arp;
  }

  #ip4(view: DataView, at: number, end: number, frame: Frame): void {
    this.network = NETWORK.unreadable4;
    if (end - at < 20) return;
    const first = view.getUint8(at);
    const headerBytes = (first & 0x0f) * 4;
    if (first >> 4 !== 4 || headerBytes < 20) return;
    this.network = NETWORK.ip4;
    this.sourceAt = at + 12;
    this.destinationAt = at + 16;
    this.protocol = view.getUint8(at + 9);
    const flags = view.getUint16(at + 6);
    this.fragmentId = view.getUint16(at + 4);
    if ((flags & 0x3fff) !== 0) this.fragment = (flags & 0x1fff) === 0 ? FRAGMENT.first : FRAGMENT.later;
    // A length of 0 is what segmentation offload leaves in a capture: the packet then reaches to the frame's end.
    const total = view.getUint16(at + 2);
    const wireBytes = total === 0 ? frame.original - (at - frame.offset) : total;
    this.#transport(view, at + headerBytes, Math.min(end, at + wireBytes), wireBytes - headerBytes);
  }

  #ip6(view: DataView, at: number, end: number, frame: Frame): void {
    this.network = NETWORK.unreadable6;
    if (end - at < 40 || view.getUint8(at) >> 4 !== 6) return;
    this.network = NETWORK.ip6;
    this.sourceAt = at + 8;
    this.destinationAt = at + 24;
    const length = view.getUint16(at + 4);
    const wireBytes = length === 0 ? frame.original - (at - frame.offset) - 40 : length;
    const packetEnd = Math.min(end, at + 40 + wireBytes);
    let header = at + 40;
    let next = view.getUint8(at + 6);
    for (let seen = 0; isExtension(next); seen++) {
      if (seen === MAX_EXTENSION_HEADERS || packetEnd - header < 8) return;
      const following = view.getUint8(header);
      let bytes = 8;
      if (next === EXTENSION.fragment) {
        const offset = view.getUint16(header + 2);
        this.fragmentId = view.getUint32(header + 4);
        // An offset of 0 with no more to come is an "atomic" fragment: a whole packet (RFC 6946).
        if ((offset & 0xfff8) !== 0) this.fragment = FRAGMENT.later;
        else if ((offset & 1) === 1) this.fragment = FRAGMENT.first;
      } else {
        const units = view.getUint8(header + 1);
        bytes = next === EXTENSION.ah ? (units + 2) * 4 : (units + 1) * 8;
      }
      header += bytes;
      next = following;
      if (this.fragment === FRAGMENT.later) break;
    }
    this.protocol = next;
    this.#transport(view, header, packetEnd, wireBytes - (header - at - 40));
  }

  #transport(view: DataView, at: number, end: number, wireBytes: number): void {
    this.transportAt = at;
    this.end = this.payloadAt = end;
    if (this.fragment === FRAGMENT.later || end - at < 4) return;
    if (this.protocol === PROTOCOL.udp) {
      this.sourcePort = view.getUint16(at);
      this.destinationPort = view.getUint16(at + 2);
      this.payloadAt = Math.min(at + 8, end);
      this.payloadBytes = Math.max(0, wireBytes - 8);
    } else if (this.protocol === PROTOCOL.tcp) {
      this.sourcePort = view.getUint16(at);
      this.destinationPort = view.getUint16(at + 2);
      if (end - at < 13) return;
      const headerBytes = (view.getUint8(at + 12) >> 4) * 4;
      this.payloadAt = Math.min(at + Math.max(20, headerBytes), end);
      this.payloadBytes = Math.max(0, wireBytes - Math.max(20, headerBytes));
    }
  }
}

function isExtension(next: number): boolean {
  switch (next) {
    case EXTENSION.hopByHop:
    case EXTENSION.routing:
    case EXTENSION.fragment:
    case EXTENSION.ah:
    case EXTENSION.destination:
    case EXTENSION.mobility:
    case EXTENSION.hip:
    case EXTENSION.shim6:
      return true;
    default:
      return false;
  }
}

/** The address family of a loopback capture is in the byte order of the machine that took it. */
function etherTypeOfNull(view: DataView, at: number): number {
  const big = view.getUint32(at);
  const family = big <= 0xffff ? big : view.getUint32(at, true);
  if (family === NULL_FAMILY_IP4) return ETHERTYPE.ip4;
  return NULL_FAMILIES_IP6.includes(family) ? ETHERTYPE.ip6 : 0;
}
