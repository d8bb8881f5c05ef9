/**
 * Recognises one packet on both sides of the home router's NAT, by what the router does not change: protocol, where it
 * goes, and its own bytes. A packet on the WAN side without such a twin on the uplink is the router's own.
 */
import { FRAGMENT, type Headers } from '../capture/headers.ts';
import { PROTOCOL } from '../../records/protocols.ts';

/** Bytes of a payload that go into a key: enough to tell datagrams to one place apart. */
const PAYLOAD_BYTES = 48;
/** Longest way through the router: its queue, and the difference of two captures' clocks. */
const FORWARDING_NS = 250_000_000;
const CLOCKS_NS = 5_000_000;

/** A text key of a packet's unchanging parts; for IPv4 and IPv6 whose headers have been read. */
export function packetKey(headers: Headers, view: DataView, v6: boolean): string {
  const { protocol, destinationAt, destinationPort, transportAt, payloadAt, payloadBytes, end } = headers;
  const words = v6 ? [0, 4, 8, 12] : [0];
  const to = words.map((at) => view.getUint32(destinationAt + at).toString(36)).join('.');
  if (headers.fragment === FRAGMENT.later) return `${protocol}/${to}/f${headers.fragmentId}/${end - transportAt}`;
  if (protocol === PROTOCOL.tcp && end - transportAt >= 14) {
    const sequence = view.getUint32(transportAt + 4).toString(36);
    return `t/${to}/${destinationPort}/${sequence}/${view.getUint8(transportAt + 13)}/${payloadBytes}`;
  }
  if (protocol === PROTOCOL.udp) {
    return `u/${to}/${destinationPort}/${payloadBytes}/${digest(view, payloadAt, Math.min(end, payloadAt + PAYLOAD_BYTES))}`;
  }
  // The packet quoted in an ICMP error is rewritten by the NAT: type, code and length are not.
  const code = end - transportAt >= 2 ? view.getUint16(transportAt) : 0;
  return `${protocol}/${to}/${code}/${end - transportAt}`;
}

/** What left the client, to be found again beyond the router. `T` is what is remembered of each packet. */
export class SentPackets<T> {
  readonly #byKey = new Map<string, { readonly atNs: number; readonly what: T }[]>();

  add(key: string, atNs: number, what: T): void {
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, [{ atNs, what }]);
    else known.push({ atNs, what });
  }

  /** What was remembered of the packet that came out at `atNs`; null when none like it had gone in. */
  find(key: string, atNs: number): T | null {
    const sent = this.#byKey.get(key)?.findLast((each) => each.atNs <= atNs + CLOCKS_NS);
    return sent !== undefined && atNs - sent.atNs <= FORWARDING_NS ? sent.what : null;
  }
}

/** A 32-bit digest (FNV-1a) of the bytes [from, to). */
function digest(view: DataView, from: number, to: number): string {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  return (hash >>> 0).toString(36);
}
