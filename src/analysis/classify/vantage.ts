/**
 * Where a capture was taken, as the capture itself shows it, whatever order its frames are in: which of its links are the
 * tunnel's own device or the loopback, and which Ethernet addresses are the client's alone. A first pass over the file;
 * the second judges.
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
    const { view } = frame;
    const v6 = headers.network === NETWORK.ip6;
    if (v6 || headers.network === NETWORK.ip4) {
      if (this.#passages.isAgain(frame)) return;
      const { sourceAt, destinationAt, sourcePort, destinationPort } = headers;
      if (headers.protocol === PROTOCOL.udp) {
        const toEndpoint = this.#endpoints.has(view, destinationAt, v6, destinationPort);
        link.carriesTunnel ||= toEndpoint || this.#endpoints.has(view, sourceAt, v6, sourcePort);
      }
      const isReal = has(this.#real, view, sourceAt, v6);
      const isInner = !isReal && has(this.#tunnel, view, sourceAt, v6);
      link.hasReal ||= isReal;
      link.hasInner ||= isInner;
      if (!headers.hasMac) return;
      const seen = this.#seenOf(headers);
      if (isReal || isInner) seen.named = true;
      else if (v6) {
        if (isGlobal6(view, sourceAt)) keep(seen.v6, textAt(view, sourceAt, 16));
        seen.routes ||= isRouterAdvertisement(headers, view);
      } else keepV4(seen.v4, view, sourceAt);
    } else if (headers.network === NETWORK.arp && headers.hasMac && headers.end - headers.networkAt >= ARP_BYTES) {
      const senderAt = headers.networkAt + ARP_SENDER_AT;
      const isReal = this.#real.has4(view, senderAt);
      link.hasReal ||= isReal;
      const seen = this.#seenOf(headers);
      if (isReal) seen.named = true;
      else keepV4(seen.v4, view, senderAt);
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
    const link = this.#linkOf(frame);
    if (link.isLoopback) return true;
    if (link.carriesTunnel) return false;
    const elsewhere = [...this.#links.values()].some((each) => each.carriesTunnel);
    const onlyInner = link.hasInner && !link.hasReal;
    return link.isBare ? elsewhere || onlyInner : elsewhere && onlyInner;
  }

  #linkOf(frame: Frame): Link {
    const key = linkOf(frame);
    if (this.#lastLink !== null && key === this.#last) return this.#lastLink;
    let link = this.#links.get(key);
    if (link === undefined) {
      this.#headers.read(frame);
      const isLoopback = deviceTypeOf(frame) === LOOPBACK;
      link = { isLoopback, isBare: !this.#headers.hasMac, carriesTunnel: false, hasReal: false, hasInner: false };
      this.#links.set(key, link);
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

function keep(set: Set<string>, address: string): void {
  if (set.size < MOST_KEPT) set.add(address);
}

/** Keeps an IPv4 address that a host can have: 0.0.0.0, 169.254.0.0/16 and groups tell nothing of how many there are. */
function keepV4(set: Set<string>, view: DataView, at: number): void {
  const address = view.getUint32(at);
  if (address !== 0 && address >>> 16 !== 0xa9fe && address >>> 28 < 0xe) keep(set, textAt(view, at, 4));
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
