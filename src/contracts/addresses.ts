/**
 * The lab's address plan: who is where. Every address of the lab stands in this file and in no other of src/.
 *
 *   client ──uplink── router ──wan──┐                    client 192.168.1.2        vpn      198.51.100.10
 *   neighbour ──lan────┘            ├── internet         neighbour 192.168.1.3     swarm    198.18.0.0/15
 *                    vpn ───────────┤                    router 203.0.113.2        resolver 203.0.113.53
 *                    swarm, resolver┘                    inside the tunnel 10.8.0.2, its server 10.8.0.1
 *
 * Documentation and benchmark ranges only (RFC 5737, RFC 2544, RFC 3849), and private ones for the home network and the
 * tunnel (RFC 1918). In the swarm every member is alone in its /24, since libtorrent keeps one DHT node of each:
 *
 *   198.18.0    tracker .10, one that refuses .11, one that is silent .12, sink of canaries .7
 *   198.18.20   to 31: DHT nodes                198.18.140  what the retrieval plants
 *   198.18.60   to 63: real infrastructure      198.18.150  monitor
 *   198.18.100  to 104: observer peers          198.18.160  and 161: marked peers
 *   198.18.110, 120, 130: vantages of the retrieval    198.18.170  to 173: marked DHT nodes
 */
import type { Endpoint, Identity } from '../records/identity.ts';

/** A host's address in either family. */
export interface AddressPair {
  readonly v4: string;
  readonly v6: string;
}

/** Every network of the lab: what is attached where, and what a host must have a route to. */
export const NETWORK = {
  lan: { v4: '192.168.1.0/24', v6: '2001:db8:1::/64' },
  wan: { v4: '203.0.113.0/24', v6: '2001:db8:2::/64' },
  vpn: { v4: '198.51.100.0/24', v6: '2001:db8:3::/64' },
  swarm: { v4: '198.18.0.0/15', v6: '2001:db8:f::/48' },
  tunnel: { v4: '10.8.0.0/24', v6: '2001:db8:8::/64' },
} as const;

export const ADDRESS = {
  client: { v4: '192.168.1.2', v6: '2001:db8:1::2' },
  /** The client's after it has moved to another network card. */
  clientRoamed: { v4: '192.168.1.22', v6: '2001:db8:1::22' },
  neighbour: { v4: '192.168.1.3', v6: '2001:db8:1::3' },
  lan: { v4: '192.168.1.1', v6: '2001:db8:1::1' },
  wan: { v4: '203.0.113.2', v6: '2001:db8:2::2' },
  vpn: { v4: '198.51.100.10', v6: '2001:db8:3::10' },
  resolver: { v4: '203.0.113.53', v6: '2001:db8:2::53' },
  tunnelClient: { v4: '10.8.0.2', v6: '2001:db8:8::2' },
  tunnelServer: { v4: '10.8.0.1', v6: '2001:db8:8::1' },
} as const satisfies Record<string, AddressPair>;

/** WireGuard's usual port, which OpenVPN takes over where it stands in. */
export const ENDPOINT_PORT = 51_820;
/** The second server of the VPN provider, IPv4 only: where a reconnected tunnel goes. */
export const SECOND_SERVER: Endpoint = { address: '198.51.100.11', port: 51_821 };

/** Ethernet address of the home router on the LAN: locally administered, so that it is nobody's (RFC 9542, 2.1). */
export const LAN_MAC = '02:00:c0:a8:01:01';

/** The member of the swarm that is alone in the /24 of that number. */
const member = (group: number): AddressPair => ({
  v4: `198.18.${group}.1`,
  v6: `2001:db8:f:${group.toString(16)}::1`,
});
const members = (first: number, count: number): readonly AddressPair[] =>
  Array.from({ length: count }, (_, index) => member(first + index));

export const DHT_NODES = 12;
/** IPv4 only, as the marked nodes and the real ones: the lab's DHT does not speak IPv6. */
export const dhtNode = (index: number): string => member(20 + index).v4;

export const SWARM = {
  tracker: { v4: '198.18.0.10', v6: '2001:db8:f::10' },
  /** The swarm's host has it, and nothing listens there. */
  refusingTracker: { v4: '198.18.0.11', v6: '2001:db8:f::11' },
  /** Nobody has it. */
  silentTracker: { v4: '198.18.0.12', v6: '2001:db8:f::12' },
  canarySink: '198.18.0.7',
  opentracker: member(60).v4,
  libtorrentDht: member(61).v4,
  transmissionDht: member(62).v4,
  aria2Dht: member(63).v4,
  peers: members(100, 5),
  /** Where the retrieval asks from: three /24s, as three strangers would have. */
  vantages: [member(110), member(120), member(130)],
  /** Nobody listens there: what comes after the announce is the asked one's own doing. */
  plant: member(140).v4,
  monitor: member(150),
  markedPeers: members(160, 2),
  markedNodes: members(170, 4).map(({ v4 }) => v4),
} as const;

/** Parts of the swarm that a route more specific than the tunnel's can take, by who is reached over it. */
export const SWARM_PARTS = {
  tracker: '198.18.0.0/24',
  dht: '198.18.16.0/20',
  peers: '198.18.96.0/20',
  swarm: NETWORK.swarm.v4,
} as const;

/** Whose address the self-test's planted frames bear when it is not the client's, and where they go: nobody has either. */
export const STRANGER = { v4: '192.168.77.7', v6: '2001:db8:77::7' } as const satisfies AddressPair;
export const NOBODY = { v4: '198.19.1.1', v6: '2001:db8:e::1' } as const satisfies AddressPair;

/** Ends of the frame by which the watch outside the labs proves itself: nobody has these either. */
export const OUTSIDE_CANARY = { source: '198.18.255.254', destination: '198.18.255.255' } as const;

/** Every address that the swarm's host holds, each once. */
export function swarmAddresses(): readonly string[] {
  const { tracker, refusingTracker, canarySink, peers, vantages, plant, monitor, markedPeers, markedNodes } = SWARM;
  const { opentracker, libtorrentDht, transmissionDht, aria2Dht } = SWARM;
  const pairs = [tracker, refusingTracker, ...peers, ...vantages, monitor, ...markedPeers];
  return [
    ...pairs.flatMap(both),
    ...Array.from({ length: DHT_NODES }, (_, index) => dhtNode(index)),
    ...markedNodes,
    ...[canarySink, opentracker, libtorrentDht, transmissionDht, aria2Dht, plant],
  ];
}

/** Every address that a host of the lab has or is asked for: no frame outside the lab may bear one. */
export function labAddresses(): readonly string[] {
  const fixed = [...Object.values(ADDRESS), SWARM.silentTracker].flatMap(both);
  return [...fixed, SECOND_SERVER.address, ...swarmAddresses()];
}

const both = ({ v4, v6 }: AddressPair): readonly string[] => [v4, v6];

/** The client's identity in the lab, where its side of the uplink has this Ethernet address. */
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
