/**
 * What the self-test of the finder plants: for each kind of finding the packets and events that a trial would have of it, made
 * byte by byte, and what must be found of them.
 */
import type { Author, ClearTraffic, Disclosure } from '../records/findings.ts';
import type { Identity, SwarmMap } from '../records/identity.ts';
import type { InstrumentEvent } from '../records/timeline.ts';
import { PROTOCOL } from '../records/protocols.ts';
import { NS_PER_MS } from '../records/units.ts';
import { ipFrame, udpFrame } from '../probes/ethernet-frame.ts';

export interface Packet {
  readonly atNs: number;
  readonly bytes: Uint8Array;
}

type Told = Pick<Disclosure, 'way' | 'address' | 'family' | 'fields' | 'sources' | 'author'> & {
  readonly party: Disclosure['party'];
};
type Left = Pick<ClearTraffic, 'class' | 'family' | 'source' | 'author' | 'scope'>;

/** One planted thing, at one instant. */
export interface Planted {
  readonly uplink?: readonly Packet[];
  readonly wan?: readonly Packet[];
  readonly events?: readonly InstrumentEvent[];
  readonly told?: Told;
  readonly left?: Left;
  /** Packets of the home router's own. */
  readonly routers?: number;
}

/** Whether the client lives: what it would have made, its host makes when it is gone. */
interface Moment {
  readonly atNs: number;
  readonly alive: boolean;
}

export interface Plant {
  readonly what: string;
  readonly at: (moment: Moment) => Planted;
}

/** Plants that are asked for by name. */
export const KINDS = {
  datagram: 'a datagram to a DHT node',
  connection: 'a connection to a peer over IPv6',
  fin: 'a FIN with the tunnel’s source',
  icmp: 'an ICMP «port unreachable»',
} as const;

const WAN_MAC = { from: '02:00:00:00:02:01', to: '02:00:00:00:02:02' };
const ROUTER_MAC = '02:00:c0:a8:01:01';
/** Time from the uplink through the router, and from the packet to the party's note of it. */
const FORWARDED_NS = 0.1 * NS_PER_MS;
const NOTED_NS = 2 * NS_PER_MS;
const FLAG = { fin: 0x11, syn: 0x02, rst: 0x04 } as const;
const PORT = { client: 51_413, dns: 53, lsd: 6771 } as const;
const LSD_GROUP = '239.192.152.143';
const LOOPBACK6 = '::1';
const ICMP_UNREACHABLE = Uint8Array.from([3, 3, ...Array.from({ length: 34 }, () => 0)]);
const PING = Buffer.from(`d1:ad2:id20:${'h'.repeat(20)}e1:q4:ping1:t2:aa1:y1:qe`, 'latin1');
const QUERY = Buffer.from('2101010000010000000000000474657374000001' + '0001', 'hex');
const SEARCH = Buffer.from('BT-SEARCH * HTTP/1.1\r\nPort: 51413\r\n\r\n', 'latin1');

/** Every kind of finding, by the trial's own addresses. `bep42`: an id that BEP 42 allows for the identity's wan4. */
export function plantsOf(identity: Identity, swarm: SwarmMap, bep42: string): readonly Plant[] {
  const { lan4, wan4, exit4, tunnel4 } = identity;
  const lan6 = identity.lan6 ?? '';
  const [node, peer, tracker] = [
    swarm.dhtNodes[0],
    swarm.peers[0],
    swarm.trackers.find((each) => each.answers !== false),
  ];
  const [resolver = ''] = swarm.resolvers;
  if (node === undefined || peer === undefined || tracker === undefined) throw new Error('the swarm lacks a party');
  const [node4 = ''] = node.addresses;
  const peer4 = peer.addresses.find((address) => !address.includes(':')) ?? '';
  const peer6 = peer.addresses.find((address) => address.includes(':')) ?? '';
  const known: Record<'node' | 'peer' | 'tracker', Disclosure['party']> = {
    node: { kind: 'dht', id: node.id },
    peer: { kind: 'peer', id: peer.id },
    tracker: { kind: 'tracker', id: tracker.id },
  };

  const uplink = (atNs: number, build: Build, source: string): Packet[] => [
    { atNs, bytes: build(source, identity.clientMac, ROUTER_MAC) },
  ];
  const wan = (atNs: number, build: Build, source: string): Packet[] => [
    { atNs: atNs + FORWARDED_NS, bytes: build(source, WAN_MAC.from, WAN_MAC.to) },
  ];
  const process = (alive: boolean): 'client' | 'system' => (alive ? 'client' : 'system');
  const exit = { sourceAddress: exit4, sourcePort: 4000 };
  const real = { sourceAddress: wan4, sourcePort: PORT.client };
  const query = (atNs: number, nodeId: string, source: typeof exit): InstrumentEvent => ({
    ...{ kind: 'dht-query', atNs, party: node.id, ...source, query: 'ping', nodeId, infoHash: null, port: null },
  });
  const extended =
    (claimedAddresses: string[], yourAddress: string | null) =>
    (atNs: number): InstrumentEvent => ({
      ...{ kind: 'peer-extended', atNs, party: peer.id, ...exit, client: null, listenPort: null },
      ...{ claimedAddresses, yourAddress },
    });
  const said = (
    what: string,
    party: Disclosure['party'],
    address: string,
    field: string,
    event: (atNs: number) => InstrumentEvent,
  ): Plant => ({
    what,
    at: ({ atNs, alive }) => ({
      events: [event(atNs)],
      told: {
        ...{ party, way: 'content', address, family: address.includes(':') ? 'v6' : 'v4' },
        ...{ fields: [field], sources: [], author: process(alive) },
      },
    }),
  });
  const crossed = (
    what: string,
    build: Build,
    from: readonly [string, string],
    left: (alive: boolean) => Left,
  ): Plant => ({
    what,
    at: ({ atNs, alive }) => ({
      uplink: uplink(atNs, build, from[0]),
      wan: wan(atNs, build, from[1]),
      left: left(alive),
    }),
  });
  const path = (kind: Left['class'], family: Left['family'], source: Left['source'], author: Author): Left => ({
    ...{ class: kind, family, source, author, scope: 'path' },
  });

  return [
    {
      what: KINDS.datagram,
      at: ({ atNs, alive }) => ({
        uplink: uplink(atNs, datagram(node4, PORT.client, node.port, PING), lan4),
        wan: wan(atNs, datagram(node4, PORT.client, node.port, PING), wan4),
        events: [query(atNs + NOTED_NS, '00'.repeat(20), real)],
        told: {
          ...{ party: known.node, way: 'source', address: wan4, family: 'v4', fields: ['packet', 'ping'] },
          ...{ sources: ['real'], author: process(alive) },
        },
        left: path('dht', 'v4', 'real', process(alive)),
      }),
    },
    {
      what: KINDS.connection,
      at: ({ atNs, alive }) => ({
        uplink: uplink(atNs, segment(peer6, peer.port, FLAG.syn), lan6),
        wan: wan(atNs, segment(peer6, peer.port, FLAG.syn), lan6),
        told: {
          ...{ party: known.peer, way: 'source', address: lan6, family: 'v6', fields: ['packet'] },
          ...{ sources: ['real'], author: process(alive) },
        },
        left: path('peer-tcp', 'v6', 'real', process(alive)),
      }),
    },
    {
      what: 'a name asked at the real resolver',
      at: ({ atNs, alive }) => ({
        uplink: uplink(atNs, datagram(resolver, 5000, PORT.dns, QUERY), lan4),
        wan: wan(atNs, datagram(resolver, 5000, PORT.dns, QUERY), wan4),
        events: [
          { kind: 'resolver-query', atNs: atNs + NOTED_NS, party: 'resolver', ...real, name: 'test', type: 'A' },
        ],
        told: {
          ...{ party: { kind: 'resolver', id: 'resolver' }, way: 'source', address: wan4, family: 'v4' },
          ...{ fields: ['query'], sources: [], author: process(alive) },
        },
        left: path('dns', 'v4', 'real', process(alive)),
      }),
    },
    {
      what: 'a search on the local network',
      at: ({ atNs, alive }) => ({
        uplink: uplink(atNs, datagram(LSD_GROUP, PORT.lsd, PORT.lsd, SEARCH), lan4),
        events: [
          {
            ...{ kind: 'neighbour-multicast', atNs: atNs + NOTED_NS, party: 'neighbour', protocol: 'lsd' },
            ...{ sourceAddress: lan4, sourcePort: PORT.lsd, text: 'BT-SEARCH' },
          },
        ],
        told: {
          ...{ party: { kind: 'neighbour', id: 'neighbour' }, way: 'source', address: lan4, family: 'v4' },
          ...{ fields: ['lsd'], sources: ['real'], author: process(alive) },
        },
        left: { class: 'lsd', family: 'v4', source: 'real', author: process(alive), scope: 'lan' },
      }),
    },
    crossed(KINDS.fin, segment(peer4, peer.port, FLAG.fin), [tunnel4, wan4], (alive) =>
      path('peer-tcp', 'v4', 'tunnel', alive ? 'client' : 'kernel'),
    ),
    crossed('a SYN from the loopback’s address', segment(peer6, peer.port, FLAG.syn), [LOOPBACK6, LOOPBACK6], (alive) =>
      path('peer-tcp', 'v6', 'other', process(alive)),
    ),
    crossed(KINDS.icmp, icmpTo(node4), [lan4, wan4], () => path('icmp', 'v4', 'real', 'kernel')),
    crossed('a reset without an owner', segment(peer4, peer.port, FLAG.rst), [lan4, wan4], () =>
      path('peer-tcp', 'v4', 'real', 'kernel'),
    ),
    {
      what: 'a reset of the home router’s own',
      at: ({ atNs }) => ({ wan: wan(atNs, segment(peer4, peer.port, FLAG.rst), wan4), routers: 1 }),
    },
    {
      what: 'an ICMP error of the home router’s own',
      at: ({ atNs }) => ({ wan: wan(atNs, icmpTo(node4), wan4), routers: 1 }),
    },
    said('an announce that names the address', known.tracker, lan6, 'announce ip=', (atNs) => ({
      ...{ kind: 'tracker-announce', atNs, party: tracker.id, transport: 'http', ...exit, infoHash: swarm.infoHash },
      ...{ peerId: '-TR3000-', port: PORT.client, event: '', claimedAddresses: [lan6] },
    })),
    said('an extension handshake that names it', known.peer, lan6, 'extension handshake', extended([lan6], null)),
    said('a handshake’s yourip', known.peer, wan4, 'extension handshake yourip=', extended([], wan4)),
    said('a node id made for it', known.node, wan4, 'node id', (atNs) => query(atNs, bep42, exit)),
    said('a peer exchange that names it', known.peer, lan6, 'pex', (atNs) => ({
      ...{ kind: 'peer-pex', atNs, party: peer.id, ...exit, added: [`[${lan6}]:51413`], dropped: [] },
    })),
  ];
}

/** Data of the tunnel's, from the client and back. */
export function tunnelData({ wan4, endpoint }: Identity): readonly Uint8Array[] {
  const payload = Buffer.alloc(96);
  payload.writeUInt8(4, 0);
  const client = { address: wan4, port: 4000 };
  const link = { sourceMac: WAN_MAC.from, destinationMac: WAN_MAC.to, payload };
  return [
    udpFrame({ ...link, source: client, destination: endpoint }),
    udpFrame({ ...link, source: endpoint, destination: client }),
  ];
}

type Build = (source: string, fromMac: string, toMac: string) => Uint8Array;

function datagram(to: string, fromPort: number, toPort: number, payload: Uint8Array): Build {
  return (source, sourceMac, destinationMac) =>
    udpFrame({
      ...{ sourceMac, destinationMac, payload },
      source: { address: source, port: fromPort },
      destination: { address: to, port: toPort },
    });
}

/** A segment without payload; nobody here looks at its checksum. */
function segment(to: string, toPort: number, flags: number): Build {
  const payload = Buffer.alloc(20);
  payload.writeUInt16BE(4000, 0);
  payload.writeUInt16BE(toPort, 2);
  payload.writeUInt32BE(1, 4);
  payload.set([0x50, flags, 0xff, 0xff], 12);
  return (source, sourceMac, destinationMac) =>
    ipFrame({ sourceMac, destinationMac, source, destination: to, protocol: PROTOCOL.tcp, payload });
}

function icmpTo(to: string): Build {
  return (source, sourceMac, destinationMac) =>
    ipFrame({ sourceMac, destinationMac, source, destination: to, protocol: PROTOCOL.icmp, payload: ICMP_UNREACHABLE });
}
