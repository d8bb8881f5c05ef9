/**
 * Recognises the messages by which a host keeps its link: more than a port or a type number, which any packet can bear.
 * The counters on the router (src/probes/counters.ts) have the same rules in the kernel's words.
 */
import type { Headers } from '../capture/headers.ts';

const DHCP_PORTS: readonly number[] = [67, 68];
const DHCP6_PORTS: readonly number[] = [546, 547];
/** BOOTP's fixed part, behind which DHCP's options begin with a magic cookie (RFC 2131, 3). */
const COOKIE_AT = 236;
const COOKIE = 0x63825363;
/** Request or reply over hardware of Ethernet's kind: the first two bytes, for a frame that was cut before its cookie. */
const BOOTP_OPERATIONS: readonly number[] = [1, 2];
/** Last message type that DHCPv6 has (IANA). */
const DHCP6_LAST_TYPE = 36;
/** Neighbour discovery is taken at no other hop limit (RFC 4861, 6.1 and 7.1); groups are joined at 1 (RFC 3810, 3376). */
const ON_LINK = 255;
const ONE_HOP = 1;

/** A message between the ports of client and server, and of DHCP's form. */
export function isDhcp(headers: Headers, view: DataView, v6: boolean): boolean {
  const { sourcePort, destinationPort, payloadAt, payloadBytes, end } = headers;
  const ports = v6 ? DHCP6_PORTS : DHCP_PORTS;
  if (!ports.includes(sourcePort) || !ports.includes(destinationPort) || end <= payloadAt) return false;
  const first = view.getUint8(payloadAt);
  if (v6) return first >= 1 && first <= DHCP6_LAST_TYPE;
  if (payloadBytes < COOKIE_AT + 4) return false;
  return end - payloadAt >= COOKIE_AT + 4
    ? view.getUint32(payloadAt + COOKIE_AT) === COOKIE
    : BOOTP_OPERATIONS.includes(first);
}

export function isIgmp({ networkAt }: Headers, view: DataView, v6: boolean): boolean {
  return !v6 && view.getUint8(networkAt + 8) === ONE_HOP;
}

/** Router and neighbour solicitations and advertisements, and redirects: none that a router has handed on. */
export function isNdp({ networkAt }: Headers, view: DataView, type: number): boolean {
  return type >= 133 && type <= 137 && view.getUint8(networkAt + 7) === ON_LINK;
}

/** Queries, reports and goodbyes of groups (MLD). */
export function isMld({ networkAt }: Headers, view: DataView, type: number): boolean {
  return ((type >= 130 && type <= 132) || type === 143) && view.getUint8(networkAt + 7) === ONE_HOP;
}
