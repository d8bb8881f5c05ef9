/**
 * How each host of the lab is told who and where it is. Shared by both backends; who is where stands in
 * contracts/addresses.ts. The internet is one link on which every public network is directly attached, so no host needs a
 * route to anywhere else and no default route leads out.
 */
import { ADDRESS, LAN_MAC, NETWORK, swarmAddresses, type AddressPair } from '../../contracts/addresses.ts';
import type { Host } from '../../contracts/host.ts';
import type { HostName } from '../../records/vocabulary.ts';

export const TUNNEL_DEVICE = 'wg0';
/** wg-quick's own choice for `Table = auto`: the mark and the routing table (wg-quick(8), add_default). */
export const FWMARK = 51_820;

/** The two public networks of others that a host on the internet link reaches directly, and the LAN's IPv6 behind the router. */
const INTERNET_ROUTES = [
  `route add ${NETWORK.swarm.v4} dev eth0`,
  `route add ${NETWORK.vpn.v4} dev eth0`,
  `route add ${NETWORK.wan.v4} dev eth0`,
  `route add ${NETWORK.swarm.v6} dev eth0`,
  `route add ${NETWORK.vpn.v6} dev eth0`,
  `route add ${NETWORK.wan.v6} dev eth0`,
  `route add ${NETWORK.lan.v6} via ${ADDRESS.wan.v6} dev eth0`,
];

const holds = (address: string): string =>
  address.includes(':') ? `addr add ${address}/128 dev eth0 nodad` : `addr add ${address}/32 dev eth0`;

function lanHost(own: AddressPair): string[] {
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
    `route add ${NETWORK.swarm.v4} dev wan`,
    `route add ${NETWORK.vpn.v4} dev wan`,
    'route add blackhole default',
    `route add ${NETWORK.swarm.v6} dev wan`,
    `route add ${NETWORK.vpn.v6} dev wan`,
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
