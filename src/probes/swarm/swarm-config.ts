/**
 * What the swarm of one lab is made of: the configuration its program reads, the addresses it has by default, and the
 * lines it speaks. The addresses must already be on the host's interfaces; nothing here configures a network.
 */
import * as z from 'zod';
import { DHT_NODES, SWARM, dhtNode, type AddressPair } from '../../contracts/addresses.ts';
import { CANARY_PORT } from '../../records/canary.ts';
import type { SwarmMap } from '../../records/identity.ts';
import { instrumentEventSchema } from '../../records/timeline.ts';
import { makePayload, payloadSpecSchema, type PayloadSpec } from '../torrent-payload.ts';

const port = z.number().int().min(1).max(65_535);
const address = z.union([z.ipv4(), z.ipv6()]);

export const swarmConfigSchema = z.object({
  /** CLOCK_REALTIME at the trial's origin, nanoseconds since 1970. */
  originUnixNs: z.string().regex(/^\d+$/),
  payload: payloadSpecSchema,
  tracker: z.object({
    id: z.string(),
    address4: z.ipv4(),
    address6: z.ipv6(),
    httpPort: port,
    udpPort: port,
    /** Interval told to clients; they may announce earlier by their own rules. */
    intervalSeconds: z.number().positive(),
    /** Addresses behind the tracker's name at which nobody answers. */
    deaf: z.array(z.object({ id: z.string(), address4: z.ipv4(), address6: z.ipv6() })),
  }),
  dht: z.array(z.object({ id: z.string(), address: z.ipv4(), port, marked: z.boolean().optional() })),
  observers: z.array(
    z.object({
      id: z.string(),
      address4: z.ipv4(),
      address6: z.ipv6().nullable(),
      port,
      /** Payload only, over all the observer's connections. */
      uploadBytesPerSecond: z.number().positive(),
      /**
       * A marked peer or node is named by members alone (PEX, find_node), and by nobody after `forget`: a client that
       * comes to it later has kept it.
       */
      marked: z.boolean().optional(),
    }),
  ),
  stun: z.object({ id: z.string(), addresses: z.array(address), ports: z.array(port) }).nullable(),
  /** Logs every canary datagram that reaches it. */
  canarySink: z.object({ address: z.ipv4(), port }).nullable(),
  features: z.object({
    utp: z.boolean(),
    pex: z.boolean(),
    metadata: z.boolean(),
    /** Observers connect out to the addresses they learn: at once, then at this interval, so often in all. */
    knocks: z.object({ everySeconds: z.number().positive(), attempts: z.number().int().positive() }).nullable(),
  }),
});
export type SwarmConfig = z.infer<typeof swarmConfigSchema>;

// ------------------------------------------------------------------------------------------- lines on standard output

const canaryLineSchema = z.object({
  canary: z.enum(['sink', 'stun', 'peer-utp']),
  nonce: z.string(),
  atNs: z.number().int(),
  sourceAddress: z.string(),
  sourcePort: z.number().int(),
});
/** A canary that no InstrumentEvent could carry. */
export type CanaryLine = z.infer<typeof canaryLineSchema>;
export const readyLineSchema = z.object({ ready: z.literal(true), infoHash: z.string() });
/** One line of the program: ready (once, first), then sightings. */
export const swarmLineSchema = z.union([instrumentEventSchema, canaryLineSchema, readyLineSchema]);
/** Commands for the swarm, beside the one to stop. */
export const swarmCommandSchema = z.object({ command: z.literal('forget') });

// ------------------------------------------------------------------------------------------------ the lab's own swarm

export const TRACKER_PORT = 6969;
/** Names of the one tracker: with an address of either family, of one only, and with deaf ones besides. */
export const TRACKER_NAMES = {
  both: 'tracker.swarm.test',
  v4: 'tracker4.swarm.test',
  v6: 'tracker6.swarm.test',
  many: 'trackers.swarm.test',
  many4: 'trackers4.swarm.test',
  many6: 'trackers6.swarm.test',
} as const;
/** BEP 5's usual port, and the one libtorrent's own router (dht.libtorrent.org) is asked on. */
const DHT_PORT = 6881;
const LIBTORRENT_ROUTER_PORT = 25_401;
const PEER_PORT = 51_413;
/** Five observers give 200 KiB/s: the default payload of 1 GiB lasts 87 minutes. */
const UPLOAD_BYTES_PER_SECOND = 40 * 1024;
/** STUN's own port and the one Google's public servers, which WebRTC clients ask, listen on. */
const STUN_PORTS = [3478, 19_302];

/** A host of both families as the configuration writes it. */
const addresses = ({ v4, v6 }: AddressPair): { readonly address4: string; readonly address6: string } => ({
  address4: v4,
  address6: v6,
});

const TRACKER = [SWARM.tracker.v4, SWARM.tracker.v6];
const MANY = [SWARM.refusingTracker, SWARM.silentTracker, SWARM.tracker];
const MANY4 = MANY.map(({ v4 }) => v4);
const MANY6 = MANY.map(({ v6 }) => v6);

/** Addresses behind the tracker's name of which one refuses and one is silent. */
const DEAF_TRACKERS = [
  { id: 'tracker-refusing', ...addresses(SWARM.refusingTracker) },
  { id: 'tracker-silent', ...addresses(SWARM.silentTracker) },
];

/** Every name a client may ask for, and the addresses the lab's resolver answers with. */
export const SWARM_NAMES: Readonly<Record<string, readonly string[]>> = {
  [TRACKER_NAMES.both]: TRACKER,
  [TRACKER_NAMES.v4]: [SWARM.tracker.v4],
  [TRACKER_NAMES.v6]: [SWARM.tracker.v6],
  [TRACKER_NAMES.many]: [...MANY4, ...MANY6],
  [TRACKER_NAMES.many4]: MANY4,
  [TRACKER_NAMES.many6]: MANY6,
  // DHT routers that clients carry in their code, with no IPv6: the lab's nodes do not speak it.
  'dht.libtorrent.org': [dhtNode(0)],
  'router.bittorrent.com': [dhtNode(1), dhtNode(2)],
  'router.utorrent.com': [dhtNode(3)],
  'dht.transmissionbt.com': [dhtNode(4), dhtNode(5)],
  'dht.aelitis.com': [dhtNode(6)],
  'router.bitcomet.com': [dhtNode(7)],
  'dht.biglybt.com': [dhtNode(8)],
  'stun.l.google.com': TRACKER,
  'global.stun.twilio.com': TRACKER,
};

const MARKED_NODES = SWARM.markedNodes.map((nodeAddress, index) => ({
  id: `marked-node-${index}`,
  address: nodeAddress,
  port: DHT_PORT,
  marked: true,
}));
const MARKED_PEERS = SWARM.markedPeers.map((pair, index) => ({
  id: `marked-peer-${index}`,
  ...addresses(pair),
  port: PEER_PORT,
  marked: true,
}));

export interface LabSwarmOptions {
  readonly originUnixNs: bigint;
  readonly seed: number;
  readonly payload?: Partial<PayloadSpec>;
  readonly announceIntervalSeconds?: number;
  readonly uploadBytesPerSecond?: number;
  readonly features?: Partial<SwarmConfig['features']>;
  /** Whether the swarm has members that can be learnt from other members only. */
  readonly marked?: boolean;
  /** The trackers' names of several addresses are used. */
  readonly deafTrackers?: boolean;
}

/** The configuration of the lab's swarm: one tracker, twelve DHT nodes and a router, five observers. */
export function labSwarm(options: LabSwarmOptions): SwarmConfig {
  const uploadBytesPerSecond = options.uploadBytesPerSecond ?? UPLOAD_BYTES_PER_SECOND;
  return swarmConfigSchema.parse({
    originUnixNs: options.originUnixNs.toString(),
    payload: {
      seed: options.seed,
      pieceLength: 256 * 1024,
      pieces: 4096,
      name: 'lab-payload.bin',
      trackers: ['http', 'udp'].map((protocol) => [`${protocol}://${TRACKER_NAMES.both}:${TRACKER_PORT}/announce`]),
      nodes: [],
      privateFlag: false,
      ...options.payload,
    },
    tracker: {
      id: 'tracker-0',
      ...addresses(SWARM.tracker),
      httpPort: TRACKER_PORT,
      udpPort: TRACKER_PORT,
      intervalSeconds: options.announceIntervalSeconds ?? 600,
      deaf: options.deafTrackers === true ? DEAF_TRACKERS : [],
    },
    dht: [
      ...Array.from({ length: DHT_NODES }, (_, index) => ({
        id: `dht-${index}`,
        address: dhtNode(index),
        port: DHT_PORT,
      })),
      { id: 'dht-router', address: dhtNode(0), port: LIBTORRENT_ROUTER_PORT },
      ...(options.marked === true ? MARKED_NODES : []),
    ],
    observers: [
      ...SWARM.peers.map((pair, index) => ({
        id: `peer-${index}`,
        ...addresses(pair),
        port: PEER_PORT,
        uploadBytesPerSecond,
      })),
      ...(options.marked === true ? MARKED_PEERS.map((peer) => ({ ...peer, uploadBytesPerSecond })) : []),
    ],
    stun: { id: 'stun-0', addresses: TRACKER, ports: STUN_PORTS },
    canarySink: { address: SWARM.canarySink, port: CANARY_PORT },
    features: { utp: true, pex: true, metadata: true, knocks: { everySeconds: 10, attempts: 6 }, ...options.features },
  });
}

/** Map of who is who in the swarm, for the record. */
export function swarmMap(config: SwarmConfig, resolvers: readonly string[]): SwarmMap {
  const marked = [...config.observers, ...config.dht].flatMap((member) => (member.marked === true ? [member.id] : []));
  return {
    infoHash: makePayload(config.payload).infoHash,
    trackers: [
      {
        id: config.tracker.id,
        addresses: [config.tracker.address4, config.tracker.address6],
        httpPort: config.tracker.httpPort,
        udpPort: config.tracker.udpPort,
      },
      ...config.tracker.deaf.map(({ id, address4, address6 }) => ({
        id,
        addresses: [address4, address6],
        httpPort: config.tracker.httpPort,
        udpPort: config.tracker.udpPort,
        answers: false as const,
      })),
    ],
    dhtNodes: config.dht.map((node) => ({ id: node.id, addresses: [node.address], port: node.port })),
    peers: config.observers.map(({ id, address4, address6, port: peerPort }) => ({
      id,
      addresses: address6 === null ? [address4] : [address4, address6],
      port: peerPort,
    })),
    resolvers: [...resolvers],
    ...(marked.length === 0 ? {} : { marked }),
  };
}
