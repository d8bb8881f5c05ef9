/**
 * The lab's map: who is where, and how each host is told so. Shared by both backends.
 *
 *   client ──uplink── router ──wan──┐                    client 192.168.1.2        vpn      198.51.100.10
 *   neighbour ──lan────┘            ├── internet         neighbour 192.168.1.3     swarm    198.18.0.0/15
 *                    vpn ───────────┤                    router 203.0.113.2        resolver 203.0.113.53
 *                    swarm, resolver┘
 *
 * Documentation and benchmark ranges only (RFC 5737, RFC 2544, RFC 3849). The internet is one link on which every
 * public network is directly attached, so no host needs a route to anywhere else and no default route leads out.
 */
import { SECOND_SERVER } from '../../faults/second-server.ts';
import { INFRASTRUCTURE } from '../../probes/infrastructure/index.ts';
import { MONITOR_ADDRESSES } from '../../probes/monitor/monitor-config.ts';
import { READER_ADDRESSES } from '../../probes/retrieval/retrieval-config.ts';
import { REFUSING_TRACKER, SILENT_TRACKER, labSwarm } from '../../probes/swarm/swarm-config.ts';
import type { Host } from '../../contracts/host.ts';
import type { Identity } from '../../records/identity.ts';
import type { HostName } from '../../records/vocabulary.ts';

export const TUNNEL_DEVICE = 'wg0';
/** wg-quick's own choice for `Table = auto`: the mark and the routing table (wg-quick(8), add_default). */
export const FWMARK = 51820;
export const ENDPOINT_PORT = 51820;

export const ADDRESS = {
  client: { v4: '192.168.1.2', v6: '2001:db8:1::2' },
  neighbour: { v4: '192.168.1.3', v6: '2001:db8:1::3' },
  lan: { v4: '192.168.1.1', v6: '2001:db8:1::1' },
  wan: { v4: '203.0.113.2', v6: '2001:db8:2::2' },
  vpn: { v4: '198.51.100.10', v6: '2001:db8:3::10' },
  resolver: { v4: '203.0.113.53', v6: '2001:db8:2::53' },
  tunnelClient: { v4: '10.8.0.2', v6: '2001:db8:8::2' },
  tunnelServer: { v4: '10.8.0.1', v6: '2001:db8:8::1' },
} as const;

/** Ethernet address of the home router on the LAN: locally administered, so that it is nobody's (RFC 9542, 2.1). */
export const LAN_MAC = '02:00:c0:a8:01:01';

export function identityOf(clientMac: string): Identity {
  return {
    clientMac,
    lan4: ADDRESS.client.v4,
    lan6: ADDRESS.client.v6,
    wan4: ADDRESS.wan.v4,
    tunnel4: ADDRESS.tunnelClient.v4,
    tunnel6: ADDRESS.tunnelClient.v6,
    exit4: ADDRESS.vpn.v4,
    exit6: ADDRESS.vpn.v6,
    endpoint: { address: ADDRESS.vpn.v4, port: ENDPOINT_PORT },
  };
}

// ------------------------------------------------------------------------------------------------ what each host is told

/** The two public networks of others that a host on the internet link reaches directly, and the LAN's IPv6 behind the router. */
const INTERNET_ROUTES = [
  'route add 198.18.0.0/15 dev eth0',
  'route add 198.51.100.0/24 dev eth0',
  'route add 203.0.113.0/24 dev eth0',
  'route add 2001:db8:f::/48 dev eth0',
  'route add 2001:db8:3::/64 dev eth0',
  'route add 2001:db8:2::/64 dev eth0',
  `route add 2001:db8:1::/64 via ${ADDRESS.wan.v6} dev eth0`,
];

const holds = (address: string): string =>
  address.includes(':') ? `addr add ${address}/128 dev eth0 nodad` : `addr add ${address}/32 dev eth0`;

function lanHost(own: { v4: string; v6: string }): string[] {
  return [
    'link set lo up',
    'link set eth0 up',
    `addr add ${own.v4}/24 dev eth0`,
    `addr add ${own.v6}/64 dev eth0 nodad`,
    `route add default via ${ADDRESS.lan.v4} dev eth0`,
    `route add default via ${ADDRESS.lan.v6} dev eth0`,
  ];
}

function internetHost(...own: readonly string[]): string[] {
  return ['link set lo up', 'link set eth0 up', ...own.map(holds), ...INTERNET_ROUTES];
}

/** Every address of the swarm, each once: its members are told theirs by the same configuration. */
function swarmAddresses(): string[] {
  const { tracker, dht, observers, stun, canarySink } = labSwarm({ originUnixNs: 0n, seed: 0, marked: true });
  const all = [
    tracker.address4,
    tracker.address6,
    REFUSING_TRACKER.address4,
    REFUSING_TRACKER.address6,
    ...dht.map((node) => node.address),
    ...observers.flatMap(({ address4, address6 }) => (address6 === null ? [address4] : [address4, address6])),
    ...(stun?.addresses ?? []),
    ...(canarySink === null ? [] : [canarySink.address]),
    ...INFRASTRUCTURE.map(({ address }) => address),
    ...READER_ADDRESSES,
    ...MONITOR_ADDRESSES,
  ];
  return [...new Set(all)];
}

/** Every address of the lab: no frame outside it may bear one. */
export function labAddresses(): string[] {
  const { address4, address6 } = SILENT_TRACKER;
  const fixed = Object.values(ADDRESS).flatMap(({ v4, v6 }) => [v4, v6]);
  return [...fixed, SECOND_SERVER.address, ...swarmAddresses(), address4, address6];
}

/**
 * `ip -batch` lines for each host; its links exist already: `eth0` everywhere, on the router `uplink`, `lan-n` and `wan`.
 * The router sends what it has no route for into silence, as an ISP would, and announces nothing.
 */
const IP_BATCH: Readonly<Record<HostName, readonly string[]>> = {
  client: lanHost(ADDRESS.client),
  neighbour: lanHost(ADDRESS.neighbour),
  router: [
    'link set lo up',
    `link add name lan address ${LAN_MAC} type bridge mcast_snooping 0`,
    'link set uplink master lan up',
    'link set lan-n master lan up',
    'link set lan up',
    'link set wan up',
    `addr add ${ADDRESS.lan.v4}/24 dev lan`,
    `addr add ${ADDRESS.lan.v6}/64 dev lan nodad`,
    `addr add ${ADDRESS.wan.v4}/24 dev wan`,
    `addr add ${ADDRESS.wan.v6}/64 dev wan nodad`,
    'route add 198.18.0.0/15 dev wan',
    'route add 198.51.100.0/24 dev wan',
    'route add blackhole default',
    'route add 2001:db8:f::/48 dev wan',
    'route add 2001:db8:3::/64 dev wan',
    'route add blackhole ::/0',
  ],
  vpn: internetHost(ADDRESS.vpn.v4, ADDRESS.vpn.v6),
  swarm: internetHost(...swarmAddresses()),
  resolver: internetHost(ADDRESS.resolver.v4, ADDRESS.resolver.v6),
};

/** Set before any link exists. DAD would hold every IPv6 address back for a second on links that nobody else shares. */
const QUIET_IPV6 = [
  'net.ipv6.conf.all.accept_dad=0',
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv6.conf.all.accept_ra=0',
  'net.ipv6.conf.default.accept_ra=0',
];
/** A home router forwards whatever source a LAN host uses (it masquerades all of it), so no reverse-path filter there. */
const FORWARDING = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0'];

export const SYSCTLS: Readonly<Record<HostName, readonly string[]>> = {
  client: QUIET_IPV6,
  neighbour: QUIET_IPV6,
  router: [...QUIET_IPV6, ...FORWARDING],
  vpn: [...QUIET_IPV6, ...FORWARDING],
  swarm: QUIET_IPV6,
  resolver: QUIET_IPV6,
};

/** The home router: masquerades IPv4, routes IPv6, and lets nothing unasked-for in, as home routers do by default. */
const ROUTER_RULES = `
table inet home {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "wan" ct state established,related accept
    iifname "wan" drop
  }
}
table ip home-nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`;

/** The VPN server: NAT for both families, and its resolver inside the tunnel is the lab's resolver. */
const VPN_RULES = `
table ip vpn {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${ADDRESS.tunnelServer.v4} udp dport 53 dnat to ${ADDRESS.resolver.v4}
    ip daddr ${ADDRESS.tunnelServer.v4} tcp dport 53 dnat to ${ADDRESS.resolver.v4}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" masquerade
  }
}
table ip6 vpn {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" masquerade
  }
}
`;

const NFT_RULES: Partial<Readonly<Record<HostName, string>>> = { router: ROUTER_RULES, vpn: VPN_RULES };

/**
 * First interface index of ours, above every index that the kernel gives by itself in a host, which counts up from 1.
 */
const OWN_INDEX = 100;

/**
 * `ip -batch` lines for the links between hosts, for whoever holds the internet's bridge; `processOf` gives a process in
 * each host's network namespace. `gso_max_segs 1` keeps the kernel from passing bundles of segments: a frame is a packet.
 *
 * The two ends of a link must not have the same index by chance: Linux takes such a device for one without a lower
 * device, tells of its carrier once a second only (linkwatch_urgent_event in net/core/link_watch.c), and until then the
 * bridge that it belongs to passes nothing.
 */
export function linkBatch(processOf: (name: HostName) => number): string {
  const veth = (device: string, owner: HostName, other: string): string =>
    `link add name ${device} index ${OWN_INDEX} netns ${processOf(owner)} gso_max_segs 1 gro_max_size 1 type veth peer name ${other} gso_max_segs 1`;
  const port = (name: HostName, device: string): string[] => [
    veth(device, name, `to-${name}`),
    `link set to-${name} master internet up`,
  ];
  return [
    'link add name internet type bridge mcast_snooping 0',
    'link set internet up',
    `${veth('eth0', 'client', 'uplink')} netns ${processOf('router')}`,
    `${veth('eth0', 'neighbour', 'lan-n')} netns ${processOf('router')}`,
    ...port('router', 'wan'),
    ...port('vpn', 'eth0'),
    ...port('swarm', 'eth0'),
    ...port('resolver', 'eth0'),
    '',
  ].join('\n');
}

/** Gives a host its addresses, routes and rules, once its links exist. */
export async function configureHost(host: Host): Promise<void> {
  await host.run(['ip', '-batch', '-'], { input: IP_BATCH[host.name].join('\n') + '\n' });
  const rules = NFT_RULES[host.name];
  if (rules !== undefined) await host.run(['nft', '-f', '-'], { input: rules });
}
