/**
 * The second witness: packet-filter counters on the router's port to the client, at the ingress hook, before any
 * bridge, route or rule. Every frame from the client's Ethernet address is counted once, as the tunnel's own datagram
 * to an endpoint of it, as link housekeeping, or as clear: the vocabulary of the records, decided by the kernel's own
 * parser and not by the code that reads the capture.
 *
 * Frames of another Ethernet address are not counted (the neighbour's, the router's own). A later fragment carries no
 * port: UDP to an endpoint's address is then taken for the tunnel's.
 *
 * What comes from the canaries' port is counted once more, behind the rule for clear frames and so only if that one had it.
 */
import * as z from 'zod';
import type { Need } from '../contracts/host.ts';
import type { Tap } from '../contracts/lab.ts';
import { endpointsOf, type Endpoint, type Identity } from '../records/identity.ts';
import type { WitnessCount } from '../records/trial-record.ts';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { CANARY_PORT } from '../records/canary.ts';

export const COUNTERS_NEEDS: readonly Need[] = NFT_NEEDS;

const TABLE = 'ksl_witness';
/** Bit of a UDP datagram at which DHCP's magic cookie begins: behind 8 bytes of UDP and 236 of BOOTP (RFC 2131). */
const DHCP_COOKIE_BIT = (8 + 236) * 8;

/** Frames from the client since the counters were started. */
interface Counted {
  readonly witness: WitnessCount;
  /** Number of the clear packets that were canaries. */
  readonly canaries: number;
}

export interface RunningCounters {
  read(): Promise<Counted>;
  stop(): Promise<void>;
}

/** Installs the counters in one transaction; resolves when the next frame would be counted. */
export async function startCounters(tap: Tap, identity: Identity): Promise<RunningCounters> {
  // nft takes a device that is not there (it may come): it would count nothing.
  const there = await tap.host.run(['test', '-d', `/proc/sys/net/ipv4/conf/${tap.device}`], { anyStatus: true });
  if (there.status.code !== 0) throw new Error(`there is no device ${tap.device} on ${tap.host.name} to count on`);
  await tap.host.run(['nft', '-f', '-'], { input: ruleset(tap.device, identity) });
  return {
    async read() {
      const { stdout } = await tap.host.run(['nft', '-j', 'list', 'counters', 'table', 'netdev', TABLE]);
      return parseCounters(stdout);
    },
    async stop() {
      await tap.host.run(['nft', 'delete', 'table', 'netdev', TABLE]);
    },
  };
}

/** The rules; the first that matches counts the frame. */
function ruleset(device: string, identity: Identity): string {
  const endpoints = endpointsOf(identity);
  return `table netdev ${TABLE} {
  counter tunnel { }
  counter housekeeping { }
  counter clear { }
  counter canaries { }
  chain ingress {
    type filter hook ingress device "${device}" priority -500; policy accept;
    ether saddr != ${identity.clientMac} accept
    ${endpoints.map(tunnelRules).join('\n    ')}
    ether type arp counter name housekeeping accept
    ip protocol igmp ip ttl 1 counter name housekeeping accept
    meta protocol ip udp sport { 67, 68 } udp dport { 67, 68 } @th,${DHCP_COOKIE_BIT},32 0x63825363 counter name housekeeping accept
    meta protocol ip6 udp sport { 546, 547 } udp dport { 546, 547 } @th,64,8 1-36 counter name housekeeping accept
    ip6 hoplimit 255 icmpv6 type { 133-137 } counter name housekeeping accept
    ip6 hoplimit 1 icmpv6 type { 130-132, 143 } counter name housekeeping accept
    ${endpoints.map(icmpRule).join('\n    ')}
    counter name clear
    udp sport ${CANARY_PORT} counter name canaries
  }
}
`;
}

const isV6 = ({ address }: Endpoint): boolean => address.includes(':');
const to = (endpoint: Endpoint): string => `${isV6(endpoint) ? 'ip6' : 'ip'} daddr ${endpoint.address}`;

function tunnelRules(endpoint: Endpoint): string {
  const later = isV6(endpoint) ? 'frag frag-off != 0 meta l4proto udp' : 'ip frag-off & 0x1fff != 0 ip protocol udp';
  return `${to(endpoint)} udp dport ${endpoint.port} counter name tunnel accept
    ${to(endpoint)} ${later} counter name tunnel accept`;
}

/** The kernel's own errors to an endpoint ("port unreachable" once the tunnel's socket is gone): `tunnel-icmp`. */
function icmpRule(endpoint: Endpoint): string {
  const error = isV6(endpoint) ? 'icmpv6 type 1-4' : 'icmp type { 3, 11, 12 }';
  return `${to(endpoint)} ${error} counter name housekeeping accept`;
}

const countersSchema = z.object({
  nftables: z.array(
    z.object({ counter: z.object({ name: z.string(), packets: z.number().int().nonnegative() }).optional() }),
  ),
});

function parseCounters(json: string): Counted {
  const { nftables } = countersSchema.parse(JSON.parse(json));
  const packets = (name: string): number => {
    const found = nftables.find(({ counter }) => counter?.name === name)?.counter;
    if (found === undefined)
      throw new Error(`nft lists no counter «${name}» in table netdev ${TABLE}: was it flushed?`);
    return found.packets;
  };
  return {
    witness: { clear: packets('clear'), tunnel: packets('tunnel'), housekeeping: packets('housekeeping') },
    canaries: packets('canaries'),
  };
}
