/**
 * Where a capture was taken, as the capture itself shows it, whatever order its frames are in: which of its links are the
 * tunnel's own device or the loopback, and which Ethernet addresses are the client's alone. What was judged before the last of
 * it was known is to be judged again.
 */
import { addressText } from '../../records/ip-address.ts';
import { PROTOCOL } from '../../records/protocols.ts';
import { AddressSet, EndpointSet } from '../capture/address.ts';
import { type Frame, LINK } from '../capture/frame.ts';
import { Headers, NETWORK } from '../capture/headers.ts';
import type { ClientIdentity } from './classifier.ts';
import { Passages, linkOf } from './passages.ts';
import { SHAPE, TunnelShortcut } from './tunnel-shortcut.ts';

/** Device type of a loopback device in cooked captures (ARPHRD_LOOPBACK). */
const LOOPBACK = 772;
const ROUTER_ADVERTISEMENT = 134;
/** A sender and its ARP packet: see leaving.ts. */
const ARP_SENDER_AT = 14;
const ARP_BYTES = 28;
/**
 * Most IPv6 addresses beside those named that one host is taken to have: a stable one and one or two that change (RFC 8981).
 * Behind an Ethernet address with more there are several hosts.
 */
const MOST_OTHER_V6 = 2;
/** Most addresses that are kept of one sender: enough to name some. */
const MOST_KEPT = 8;

/** One Ethernet address that the client's addresses are seen to send from. */
export interface Sender {
  readonly mac: string;
  /** Other addresses that send from it. */
  readonly others: readonly string[];
  /** Several hosts send from it: it is a router's, and tells nothing of who sent a frame. */
  readonly shared: boolean;
}

interface Link {
  readonly isLoopback: boolean;
  readonly isBare: boolean;
  carriesTunnel: boolean;
  hasReal: boolean;
  hasInner: boolean;
  /** Nothing leaves on it: the loopback, or the tunnel's own device. */
  isInner: boolean;
}

interface Seen {
  named: boolean;
  routes: boolean;
  readonly v4: Set<string>;
  readonly v6: Set<string>;
}

export class Vantage {
  readonly #headers = new Headers();
  readonly #passages = new Passages();
  readonly #shortcut: TunnelShortcut;
  readonly #endpoints: EndpointSet;
  readonly #real: AddressSet;
  readonly #tunnel: AddressSet;
  readonly #links = new Map<number, Link>();
  readonly #seen = new Map<number, Seen>();
  #isChanged = false;
  #hasInner = false;
  #conclusions = '';
  /** Counts how often the conclusions have changed. */
  version = 0;
  #last = -1;
  #lastLink: Link | null = null;

  constructor(client: ClientIdentity) {
    this.#shortcut = new TunnelShortcut(client.endpoints);
    this.#endpoints = new EndpointSet(client.endpoints);
    this.#real = new AddressSet(client.real);
    this.#tunnel = new AddressSet(client.tunnel);
  }

  /** Looks at a frame; frames come in the capture's order. */
  see(frame: Frame): void {
    const link = this.#linkOf(frame);
    // Nine frames in ten: once the link is known to carry the tunnel they show nothing more.
    if (link.carriesTunnel && this.#shortcut.shapeOf(frame) !== SHAPE.other) return;
    if (link.isLoopback) return;
    const headers = this.#headers;
    headers.read(frame);
    const { network } = headers;
    if (network === NETWORK.ip4 || network === NETWORK.ip6) {
      if (!this.#passages.isAgain(frame)) this.#seePacket(headers, frame.view, link);
    } else if (network === NETWORK.arp && headers.hasMac && headers.end - headers.networkAt >= ARP_BYTES) {
      this.#seeSender(headers, frame.view, headers.networkAt + ARP_SENDER_AT, false, link);
    }
    if (this.#isChanged) this.#conclude();
  }

  #seePacket(headers: Headers, view: DataView, link: Link): void {
    const v6 = headers.network === NETWORK.ip6;
    const { sourceAt, destinationAt, sourcePort, destinationPort } = headers;
    if (!link.carriesTunnel && headers.protocol === PROTOCOL.udp) {
      link.carriesTunnel =
        this.#endpoints.has(view, destinationAt, v6, destinationPort) ||
        this.#endpoints.has(view, sourceAt, v6, sourcePort);
      this.#isChanged ||= link.carriesTunnel;
    }
    this.#seeSender(headers, view, sourceAt, v6, link);
    if (headers.hasMac && v6 && isRouterAdvertisement(headers, view)) {
      const seen = this.#seenOf(headers);
      this.#isChanged ||= !seen.routes;
      seen.routes = true;
    }
  }

  /** The address at `at` sends: from the frame's Ethernet address, on this link. */
  #seeSender(headers: Headers, view: DataView, at: number, v6: boolean, link: Link): void {
    const isReal = has(this.#real, view, at, v6);
    const isInner = !isReal && has(this.#tunnel, view, at, v6);
    if (isReal && !link.hasReal) this.#isChanged = link.hasReal = true;
    if (isInner && !link.hasInner) this.#isChanged = link.hasInner = true;
    if (!headers.hasMac) return;
    const seen = this.#seenOf(headers);
    if (isReal || isInner) {
      this.#isChanged ||= !seen.named;
      seen.named = true;
    } else if (v6 ? isGlobal6(view, at) : isHost4(view.getUint32(at))) {
      const others = v6 ? seen.v6 : seen.v4;
      if (others.size < MOST_KEPT) {
        const before = others.size;
        others.add(textAt(view, at, v6 ? 16 : 4));
        this.#isChanged ||= others.size > before;
      }
    }
  }

  /** The Ethernet addresses from which the client's addresses send. */
  senders(): Sender[] {
    return [...this.#seen].flatMap(([key, { named, routes, v4, v6 }]) => {
      if (!named) return [];
      return [{ mac: macText(key), others: [...v4, ...v6], shared: routes || v4.size > 0 || v6.size > MOST_OTHER_V6 }];
    });
  }

  /**
   * Whether what is seen on the frame's link never left on it: the loopback, or the tunnel's own device, which has packets
   * from the tunnel's addresses and none of the tunnel's datagrams.
   */
  isInner(frame: Frame): boolean {
    return this.#hasInner && this.#linkOf(frame).isInner;
  }

  /** The Ethernet addresses that are the client's alone. */
  macs(): string[] {
    return this.senders().flatMap(({ mac, shared }) => (shared ? [] : [mac]));
  }

  /** Draws the conclusions anew, and counts the version on where they are others. */
  #conclude(): void {
    this.#isChanged = false;
    const elsewhere = [...this.#links.values()].some((each) => each.carriesTunnel);
    for (const link of this.#links.values()) {
      const onlyInner = link.hasInner && !link.hasReal;
      const isDevice = link.isBare ? elsewhere || onlyInner : elsewhere && onlyInner;
      link.isInner = link.isLoopback || (isDevice && !link.carriesTunnel);
    }
    this.#hasInner = [...this.#links.values()].some(({ isInner }) => isInner);
    const inner = [...this.#links].flatMap(([key, { isInner }]) => (isInner ? [key] : []));
    const conclusions = [...this.macs(), ...inner].join(' ');
    if (conclusions !== this.#conclusions) this.version += 1;
    this.#conclusions = conclusions;
  }

  #linkOf(frame: Frame): Link {
    const key = linkOf(frame);
    if (this.#lastLink !== null && key === this.#last) return this.#lastLink;
    let link = this.#links.get(key);
    if (link === undefined) {
      this.#headers.read(frame);
      const isLoopback = deviceTypeOf(frame) === LOOPBACK;
      const isBare = !this.#headers.hasMac;
      link = { isLoopback, isBare, carriesTunnel: false, hasReal: false, hasInner: false, isInner: isLoopback };
      this.#links.set(key, link);
      // A new link is the tunnel's own device if it is bare and another one carries the tunnel.
      this.#conclude();
    }
    this.#last = key;
    this.#lastLink = link;
    return link;
  }

  #seenOf({ macHigh, macLow }: Headers): Seen {
    const key = macHigh * 2 ** 32 + macLow;
    let seen = this.#seen.get(key);
    if (seen === undefined) {
      this.#seen.set(key, (seen = { named: false, routes: false, v4: new Set(), v6: new Set() }));
    }
    return seen;
  }
}

function has(set: AddressSet, view: DataView, at: number, v6: boolean): boolean {
  return v6 ? set.has6(view, at) : set.has4(view, at);
}

function deviceTypeOf({ linkType, view, offset, captured }: Frame): number {
  if (linkType === LINK.linuxCooked && captured >= 16) return view.getUint16(offset + 2);
  return linkType === LINK.linuxCooked2 && captured >= 20 ? view.getUint16(offset + 8) : -1;
}

/** An IPv4 address that a host can have: 0.0.0.0, 169.254.0.0/16 and groups tell nothing of how many there are. */
function isHost4(address: number): boolean {
  return address !== 0 && address >>> 16 !== 0xa9fe && address >>> 28 < 0xe;
}

/** Neither `::`, nor link-local, nor a group: what a host is known by beyond its link. */
function isGlobal6(view: DataView, at: number): boolean {
  const high = view.getUint32(at);
  if (high >>> 24 === 0xff || high >>> 22 === 0xfe80 >>> 6) return false;
  return high !== 0 || view.getUint32(at + 4) !== 0 || view.getUint32(at + 8) !== 0;
}

function isRouterAdvertisement({ protocol, transportAt, end }: Headers, view: DataView): boolean {
  return protocol === PROTOCOL.icmp6 && end > transportAt && view.getUint8(transportAt) === ROUTER_ADVERTISEMENT;
}

function textAt(view: DataView, at: number, length: 4 | 16): string {
  return addressText(new Uint8Array(view.buffer, view.byteOffset + at, length)) ?? '';
}

function macText(key: number): string {
  return key
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}
