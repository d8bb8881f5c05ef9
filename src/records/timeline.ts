/** timeline.jsonl of a trial: one event a line. */
import * as z from 'zod';
import { bracket, byteCount, claimed, count, instant, list, port, prose, said, word } from './bounded.ts';

/** Address that an event's instrument met, as the instrument saw it, so after every NAT on the way. */
const source = { sourceAddress: word, sourcePort: port };

/** What the third parties of the lab saw. `party` is the id of the tracker, node or peer that saw it. */
const instrumentEvents = [
  z.object({
    kind: z.literal('tracker-announce'),
    atNs: instant,
    party: word,
    transport: z.enum(['http', 'udp', 'ws']),
    ...source,
    infoHash: said,
    peerId: said,
    /** The port the client says it listens on. */
    port: claimed,
    event: said,
    /** Addresses named in the announce itself: `ip`, `ipv4`, `ipv6`, the UDP IP field when not zero, ICE candidates over WebSocket. */
    claimedAddresses: list(said),
  }),
  z.object({
    kind: z.literal('tracker-scrape'),
    atNs: instant,
    party: word,
    transport: z.enum(['http', 'udp']),
    ...source,
  }),
  z.object({
    kind: z.literal('dht-query'),
    atNs: instant,
    party: word,
    ...source,
    query: said,
    nodeId: said,
    infoHash: said.nullable(),
    /** announce_peer: the port announced, or the source port under implied_port. */
    port: claimed.nullable(),
  }),
  z.object({
    kind: z.literal('peer-connection'),
    atNs: instant,
    party: word,
    transport: z.enum(['tcp', 'utp']),
    direction: z.enum(['incoming', 'outgoing']),
    ...source,
  }),
  z.object({
    kind: z.literal('peer-handshake'),
    atNs: instant,
    party: word,
    transport: z.enum(['tcp', 'utp']),
    direction: z.enum(['incoming', 'outgoing']),
    ...source,
    infoHash: said,
    peerId: said,
    encrypted: z.boolean(),
  }),
  z.object({
    kind: z.literal('peer-extended'),
    atNs: instant,
    party: word,
    ...source,
    /** The client's name and version as its extension handshake (BEP 10) gives it. */
    client: said.nullable(),
    listenPort: claimed.nullable(),
    /** Addresses the handshake names as the sender's own (`ipv4`, `ipv6`). */
    claimedAddresses: list(said),
    /** `yourip`: how the sender sees the observer. */
    yourAddress: said.nullable(),
  }),
  z.object({
    kind: z.literal('peer-pex'),
    atNs: instant,
    party: word,
    ...source,
    /** Endpoints as `address:port` or `[address]:port`. */
    added: list(said),
    dropped: list(said),
  }),
  z.object({
    kind: z.literal('peer-piece'),
    atNs: instant,
    party: word,
    ...source,
    /** Payload bytes handed to this connection so far, this block included. */
    totalBytes: byteCount,
  }),
  z.object({ kind: z.literal('peer-closed'), atNs: instant, party: word, ...source }),
  z.object({
    kind: z.literal('neighbour-multicast'),
    atNs: instant,
    party: word,
    protocol: z.enum(['lsd', 'ssdp', 'mdns', 'nat-pmp', 'other']),
    ...source,
    /** The first 512 bytes of the datagram, as text. */
    text: prose,
  }),
  z.object({
    kind: z.literal('resolver-query'),
    atNs: instant,
    party: word,
    ...source,
    name: said,
    type: said,
  }),
  z.object({
    kind: z.literal('stun-binding'),
    atNs: instant,
    party: word,
    ...source,
  }),
] as const;

export const instrumentEventSchema = z.discriminatedUnion('kind', [...instrumentEvents]);
/** What an instrument saw, live and in timeline.jsonl. */
export type InstrumentEvent = z.infer<typeof instrumentEventSchema>;

/** What the retrieval was told when it asked, and what it planted. It is no party and learns nothing that counts. */
const retrievalEvents = [
  z.object({
    kind: z.literal('retrieval'),
    atNs: instant,
    /** Id of the tracker, node or peer that was asked. */
    asked: word,
    via: z.enum(['tracker-http', 'tracker-udp', 'dht', 'pex']),
    /** The retrieval's own address for this question. */
    asker: word,
    answered: z.boolean(),
    /** Addresses of peers it named, the asker's own left out. */
    addresses: list(said),
    /** How many peers a tracker's scrape counts; null where it was not asked or does not say. */
    count: count.nullable(),
  }),
  z.object({
    kind: z.literal('planted'),
    atNs: instant,
    asked: word,
    via: z.enum(['tracker-http', 'tracker-udp', 'dht', 'pex']),
    address: said,
    event: z.enum(['started', 'stopped']),
    /** Whether the party asked took the planted address. */
    taken: z.boolean(),
  }),
] as const;

export const retrievalEventSchema = z.discriminatedUnion('kind', [...retrievalEvents]);
export type RetrievalEvent = z.infer<typeof retrievalEventSchema>;

const monitorNamed = z.object({
  kind: z.literal('monitor-named'),
  atNs: instant,
  via: z.enum(['tracker', 'dht']),
  /** Id of the tracker or node that named it. */
  by: word,
  address: said,
  port: claimed,
});
const persisted = z.object({
  kind: z.literal('persisted'),
  atNs: instant,
  /** The file or folder, relative to the client's state, and what the client's adapter says it holds. */
  path: said,
  holds: said,
  /** Ids of the marked members whose address and port are in it; null when it was not there. */
  marked: list(word).nullable(),
});
/** A peer the monitor was told of, the first time by this way. Whom it met are events like any observer's. */
export const monitorEventSchema = z.discriminatedUnion('kind', [monitorNamed]);
export type MonitorEvent = z.infer<typeof monitorEventSchema>;

export const SWITCH_STAGES = ['engaged', 'noticed', 'acting', 'acted', 'released'] as const;

/** What the harness did, or was told by the switch. */
const harnessEvents = [
  z.object({
    kind: z.literal('phase'),
    atNs: instant,
    name: z.enum(['setup', 'baseline', 'outage', 'recovery', 'aftermath', 'closing']),
  }),
  z.object({ kind: z.literal('tunnel'), atNs: instant, state: z.enum(['up', 'down']), span: bracket }),
  z.object({ kind: z.literal('client-started'), atNs: instant }),
  z.object({ kind: z.literal('client-steady'), atNs: instant }),
  z.object({ kind: z.literal('client-exited'), atNs: instant, status: said }),
  z.object({ kind: z.literal('fault'), atNs: instant, fault: word, span: bracket }),
  z.object({ kind: z.literal('restored'), atNs: instant, fault: word, span: bracket }),
  z.object({ kind: z.literal('switch'), atNs: instant, stage: z.enum(SWITCH_STAGES), detail: prose }),
  z.object({
    kind: z.literal('canary'),
    atNs: instant,
    stage: z.enum(['before', 'after']),
    instrument: word,
    seen: z.boolean(),
  }),
  z.object({ kind: z.literal('note'), atNs: instant, text: prose }),
] as const;

export const timelineEventSchema = z.discriminatedUnion('kind', [
  ...instrumentEvents,
  ...retrievalEvents,
  monitorNamed,
  persisted,
  ...harnessEvents,
]);
export type TimelineEvent = z.infer<typeof timelineEventSchema>;
