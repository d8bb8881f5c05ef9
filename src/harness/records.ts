/**
 * The records of a campaign: a closed union, its version, and its parser at the border.
 *
 * Everything the analysis knows comes through here (and through the captures). Instants are whole nanoseconds of
 * CLOCK_REALTIME since the trial's `originUnixNs`; durations carry their unit in the name. Missing is `null`,
 * never zero. `results/FORMAT.md` describes every field for people.
 */
import * as z from 'zod';

/** Version of every record in a results folder. A newer one is refused, an older one upgraded in `upgrade.ts`. */
export const RECORDS_VERSION = 1;

const instant = z.number().int();
const count = z.number().int().nonnegative();
const bracket = z.object({ beforeNs: instant, afterNs: instant });

// ---------------------------------------------------------------------------------------------------- vocabulary

export const HOST_NAMES = ['client', 'router', 'neighbour', 'vpn', 'swarm', 'resolver'] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** Classes of a clear packet, by what the bytes say first and by known addresses and ports second. */
export const CLEAR_CLASSES = [
  'peer-tcp',
  'peer-utp',
  'dht',
  'tracker-http',
  'tracker-udp',
  'lsd',
  'ssdp',
  'nat-pmp',
  'dns',
  'stun',
  'icmp',
  'other',
] as const;
/**
 * Link housekeeping: counted, by name, and never a leak. `tunnel-icmp`: the kernel's ICMP error to the tunnel's own
 * endpoint ("port unreachable" once the tunnel's socket is gone). It tells the VPN server what it already knew, and
 * nobody else anything.
 */
export const HOUSEKEEPING_CLASSES = ['arp', 'ndp', 'dhcp', 'igmp', 'mld', 'tunnel-icmp'] as const;
export type ClearClass = (typeof CLEAR_CLASSES)[number];
export type HousekeepingClass = (typeof HOUSEKEEPING_CLASSES)[number];
/** `canary`: a frame the lab itself sent to prove that an instrument sees; recognised by its marker, never a leak. */
export type FrameClass = ClearClass | HousekeepingClass | 'tunnel' | 'canary';

/** `non-ip`: a frame that is neither IP nor ARP (LLDP, EAPOL, ...) is a clear packet too. */
export const FAMILIES = ['v4', 'v6', 'non-ip'] as const;
export type Family = (typeof FAMILIES)[number];

/**
 * Whose source address a clear packet bears: the client's own on the LAN (`real`), its inner address in the tunnel
 * on the wrong link (`tunnel`; the home NAT turns it into the real one), or anything else (`other`).
 */
export const SOURCE_KINDS = ['real', 'tunnel', 'other'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/**
 * baseline: client start to fault. gap: fault to containment (the last clear packet of the outage). contained:
 * containment to restoration. recovery: restoration to the end.
 */
export const PHASES = ['baseline', 'gap', 'contained', 'recovery'] as const;
export type Phase = (typeof PHASES)[number];

export const PARTIES = ['tracker', 'dht', 'peer', 'neighbour', 'resolver'] as const;
export type Party = (typeof PARTIES)[number];

export const VERDICTS = ['leak', 'no-leak', 'inconclusive', 'unsupported'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const KILL_SWITCH_FAMILIES = ['none', 'client', 'app', 'firewall', 'route', 'namespace', 'combined'] as const;

// ------------------------------------------------------------------------------------- timeline.jsonl: one event a line

/** Who an event's instrument met: as the instrument saw it, so after every NAT on the way. */
const source = { sourceAddress: z.string(), sourcePort: count };

/** What the third parties of the lab saw. `party` is the id of the tracker, node or peer that saw it. */
const instrumentEvents = [
  z.object({
    kind: z.literal('tracker-announce'),
    atNs: instant,
    party: z.string(),
    transport: z.enum(['http', 'udp', 'ws']),
    ...source,
    infoHash: z.string(),
    peerId: z.string(),
    /** The port the client says it listens on. */
    port: count,
    event: z.string(),
    /** Addresses named in the announce itself: `ip`, `ipv4`, `ipv6`, the UDP IP field when not zero, ICE candidates over WebSocket. */
    claimedAddresses: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('tracker-scrape'),
    atNs: instant,
    party: z.string(),
    transport: z.enum(['http', 'udp']),
    ...source,
  }),
  z.object({
    kind: z.literal('dht-query'),
    atNs: instant,
    party: z.string(),
    ...source,
    query: z.string(),
    nodeId: z.string(),
    infoHash: z.string().nullable(),
    /** announce_peer: the port announced, or the source port under implied_port. */
    port: count.nullable(),
  }),
  z.object({
    kind: z.literal('peer-connection'),
    atNs: instant,
    party: z.string(),
    transport: z.enum(['tcp', 'utp']),
    direction: z.enum(['incoming', 'outgoing']),
    ...source,
  }),
  z.object({
    kind: z.literal('peer-handshake'),
    atNs: instant,
    party: z.string(),
    transport: z.enum(['tcp', 'utp']),
    direction: z.enum(['incoming', 'outgoing']),
    ...source,
    infoHash: z.string(),
    peerId: z.string(),
    encrypted: z.boolean(),
  }),
  z.object({
    kind: z.literal('peer-extended'),
    atNs: instant,
    party: z.string(),
    ...source,
    /** The client's name and version as its extension handshake (BEP 10) gives it. */
    client: z.string().nullable(),
    listenPort: count.nullable(),
    /** Addresses the handshake names as the sender's own (`ipv4`, `ipv6`). */
    claimedAddresses: z.array(z.string()),
    /** `yourip`: how the sender sees the observer. */
    yourAddress: z.string().nullable(),
  }),
  z.object({
    kind: z.literal('peer-pex'),
    atNs: instant,
    party: z.string(),
    ...source,
    /** `address:port` or `[address]:port`. */
    added: z.array(z.string()),
    dropped: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('peer-piece'),
    atNs: instant,
    party: z.string(),
    ...source,
    /** Payload bytes handed to this connection so far, this block included. */
    totalBytes: count,
  }),
  z.object({ kind: z.literal('peer-closed'), atNs: instant, party: z.string(), ...source }),
  z.object({
    kind: z.literal('neighbour-multicast'),
    atNs: instant,
    party: z.string(),
    protocol: z.enum(['lsd', 'ssdp', 'mdns', 'nat-pmp', 'other']),
    ...source,
    /** The first 512 bytes of the datagram, as text. */
    text: z.string(),
  }),
  z.object({
    kind: z.literal('resolver-query'),
    atNs: instant,
    party: z.string(),
    ...source,
    name: z.string(),
    type: z.string(),
  }),
  z.object({
    kind: z.literal('stun-binding'),
    atNs: instant,
    party: z.string(),
    ...source,
  }),
] as const;

export const instrumentEventSchema = z.discriminatedUnion('kind', [...instrumentEvents]);
/** What an instrument saw, live and in timeline.jsonl. */
export type InstrumentEvent = z.infer<typeof instrumentEventSchema>;

/** What the independent reader was told when it asked, and what it planted. It is no party and learns nothing that counts. */
const readerEvents = [
  z.object({
    kind: z.literal('retrieval'),
    atNs: instant,
    /** Id of the tracker, node or peer that was asked. */
    asked: z.string(),
    via: z.enum(['tracker-http', 'tracker-udp', 'dht', 'pex']),
    /** The reader's own address for this question. */
    asker: z.string(),
    answered: z.boolean(),
    /** Addresses of peers it named, the asker's own left out. */
    addresses: z.array(z.string()),
    /** How many peers a tracker's scrape counts; null where it was not asked or does not say. */
    count: count.nullable(),
  }),
  z.object({
    kind: z.literal('planted'),
    atNs: instant,
    asked: z.string(),
    via: z.enum(['tracker-http', 'tracker-udp', 'dht', 'pex']),
    address: z.string(),
    event: z.enum(['started', 'stopped']),
    /** Whether the one asked took it. */
    taken: z.boolean(),
  }),
] as const;

export const readerEventSchema = z.discriminatedUnion('kind', [...readerEvents]);
export type ReaderEvent = z.infer<typeof readerEventSchema>;

const monitorNamed = z.object({
  kind: z.literal('monitor-named'),
  atNs: instant,
  via: z.enum(['tracker', 'dht']),
  /** Id of the tracker or node that named it. */
  by: z.string(),
  address: z.string(),
  port: count,
});
const persisted = z.object({
  kind: z.literal('persisted'),
  atNs: instant,
  /** The file or folder, relative to the client's state, and what the client's adapter says it holds. */
  path: z.string(),
  holds: z.string(),
  /** Ids of the marked members whose address and port are in it; null when it was not there. */
  marked: z.array(z.string()).nullable(),
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
  z.object({ kind: z.literal('client-exited'), atNs: instant, status: z.string() }),
  z.object({ kind: z.literal('fault'), atNs: instant, fault: z.string(), span: bracket }),
  z.object({ kind: z.literal('restored'), atNs: instant, fault: z.string(), span: bracket }),
  z.object({ kind: z.literal('switch'), atNs: instant, stage: z.enum(SWITCH_STAGES), detail: z.string() }),
  z.object({
    kind: z.literal('canary'),
    atNs: instant,
    stage: z.enum(['before', 'after']),
    instrument: z.string(),
    seen: z.boolean(),
  }),
  z.object({ kind: z.literal('note'), atNs: instant, text: z.string() }),
] as const;

export const timelineEventSchema = z.discriminatedUnion('kind', [
  ...instrumentEvents,
  ...readerEvents,
  monitorNamed,
  persisted,
  ...harnessEvents,
]);
export type TimelineEvent = z.infer<typeof timelineEventSchema>;

// ------------------------------------------------------------------------------- trials.jsonl: one sealed record a trial

/** One combination, by the ids as the scenario wrote them, parameters included (`app-kill(poll=2s)`). */
const cellSchema = z.object({
  client: z.string(),
  killSwitch: z.string(),
  fault: z.string(),
  moment: z.string(),
});
export type Cell = z.infer<typeof cellSchema>;

const endpointSchema = z.object({ address: z.string(), port: count });
export type Endpoint = z.infer<typeof endpointSchema>;

/** Every address by which the client can be known, so that the analysis needs no knowledge of the topology. */
const identitySchema = z.object({
  /** Ethernet address of the client's side of the uplink: what makes a frame "leaving the client". */
  clientMac: z.string(),
  /** The client's own addresses on the LAN. */
  lan4: z.string(),
  lan6: z.string().nullable(),
  /** The home router's public address: what a third party sees of a clear IPv4 packet. */
  wan4: z.string(),
  /** The client's addresses inside the tunnel. */
  tunnel4: z.string(),
  tunnel6: z.string().nullable(),
  /** The VPN server's public addresses: what a third party should see. */
  exit4: z.string(),
  exit6: z.string().nullable(),
  /** The tunnel's own datagrams go here and are never a leak. */
  endpoint: endpointSchema,
  /** And here, in a trial whose fault moves the tunnel to another server; absent in every other. */
  otherEndpoints: z.array(endpointSchema).optional(),
});
export type Identity = z.infer<typeof identitySchema>;

/** Everywhere the tunnel's own datagrams go in that trial. */
export function endpointsOf({ endpoint, otherEndpoints = [] }: Identity): readonly Endpoint[] {
  return [endpoint, ...otherEndpoints];
}

/** Who is who in the swarm, so that a flow whose bytes say nothing (encrypted, truncated) can still be named. */
const swarmSchema = z.object({
  infoHash: z.string(),
  trackers: z.array(
    z.object({
      id: z.string(),
      addresses: z.array(z.string()),
      httpPort: count.nullable(),
      udpPort: count.nullable(),
      /** False: an address behind a tracker's name where nobody answers. */
      answers: z.literal(false).optional(),
    }),
  ),
  dhtNodes: z.array(z.object({ id: z.string(), addresses: z.array(z.string()), port: count })),
  peers: z.array(z.object({ id: z.string(), addresses: z.array(z.string()), port: count })),
  resolvers: z.array(z.string()),
  /** Ids of members that could be learnt only inside the tunnel, and before the client was started again. */
  marked: z.array(z.string()).optional(),
});
export type SwarmMap = z.infer<typeof swarmSchema>;

/** Frames leaving the client as one witness counted them, from arming to the end. `clear` includes canaries. */
const witnessSchema = z.object({ clear: count, tunnel: count, housekeeping: count });
export type WitnessCount = z.infer<typeof witnessSchema>;

const trafficSchema = z.object({
  phase: z.enum(PHASES),
  class: z.enum(CLEAR_CLASSES),
  family: z.enum(FAMILIES),
  source: z.enum(SOURCE_KINDS),
  packets: count,
  bytes: count,
  firstNs: instant,
  lastNs: instant,
});
export type Traffic = z.infer<typeof trafficSchema>;

const exposureSchema = z.object({
  party: z.enum(PARTIES),
  /** Which one: the id of the tracker, node, peer. */
  id: z.string(),
  /** `source`: the packet came from the real address. `content`: the bytes named it. */
  by: z.enum(['source', 'content']),
  phase: z.enum(PHASES),
  /** The address learnt. */
  address: z.string(),
  /** What named it: `announce`, `get_peers`, `handshake`, `ip=`, `node id`, `pex`, ... */
  how: z.string(),
  times: count,
  firstNs: instant,
  lastNs: instant,
});
export type Exposure = z.infer<typeof exposureSchema>;

/** For how long one party handed out one address to a stranger who asked, in the reader's rounds. */
const handOutSchema = z.object({
  party: z.enum(PARTIES),
  id: z.string(),
  /** `real`: the user's. `planted`: the lab's own, announced once at a known instant. */
  who: z.enum(['real', 'planted']),
  address: z.string(),
  via: z.array(z.string()),
  /** Answers that named it, and the strangers they went to. */
  handOuts: count,
  askers: count,
  firstNs: instant,
  lastNs: instant,
  /** First answer without it after the last with it; null when it was handed out until the end (censored). */
  goneNs: instant.nullable(),
  /** Planted: when it was announced; real: when the party is known to have learnt it last, null where nobody saw that. */
  learntNs: instant.nullable(),
});
export type HandOut = z.infer<typeof handOutSchema>;

/** Packets from the swarm to the real address, and from how many addresses they came. */
const knocksSchema = z.object({
  packets: count,
  senders: count,
  firstNs: instant.nullable(),
  lastNs: instant.nullable(),
});

/** What a trial's capture and timeline come to: computed by the analysis, and recomputed by `npm run analyze`. */
const measuresSchema = z.object({
  verdict: z.enum(VERDICTS),
  reason: z.string(),
  /** From the fault's earliest possible instant to the last clear packet of the outage; null without one. */
  gapNs: instant.nonnegative().nullable(),
  /** True when clear packets still left at the end of the outage: the gap is a lower bound. */
  gapCensored: z.boolean(),
  firstClearNs: instant.nullable(),
  lastClearNs: instant.nullable(),
  /** From the fault to the instant the switch says it noticed, and had acted; null where it does not react. */
  detectionNs: instant.nullable(),
  switchLatencyNs: instant.nullable(),
  /** Clear packets and bytes of the outage (gap phase), all classes. */
  clearPackets: count,
  clearBytes: count,
  traffic: z.array(trafficSchema),
  housekeeping: z.array(
    z.object({ phase: z.enum(PHASES), class: z.enum(HOUSEKEEPING_CLASSES), packets: count, bytes: count }),
  ),
  exposures: z.array(exposureSchema),
  /** Packets from the swarm that reached the real address after containment. */
  knocks: knocksSchema,
  /** Who handed the real address out, to the end of the horizon; absent where nobody asked. */
  handOuts: z.array(handOutSchema).optional(),
  /** What a copyright monitor would have had on the real address since the fault; absent where there was none. */
  monitor: z
    .object({
      /** First told of it; null when never. */
      named: z.object({ atNs: instant, address: z.string(), port: count, via: z.enum(['tracker', 'dht']) }).nullable(),
      /** First met it, as its evidence would say; null when never. */
      met: z
        .object({
          atNs: instant,
          address: z.string(),
          port: count,
          client: z.string().nullable(),
          infoHash: z.string().nullable(),
          peerId: z.string().nullable(),
        })
        .nullable(),
      /** Sightings since the fault, and those before it. */
      rows: count,
      beforeFault: count,
    })
    .optional(),
  /** What a client that was started again did with what it had learnt in the tunnel; absent without marked members. */
  restart: z
    .object({
      /** Marked members that met the client before, and those found in its files, by file. */
      met: z.array(z.string()),
      persisted: z.array(z.object({ path: z.string(), holds: z.string(), marked: z.array(z.string()).nullable() })),
      /** Marked members it came to afterwards, by what its packets bore: the tunnel's exit or, in the clear, a source. */
      contacts: z.array(
        z.object({
          id: z.string(),
          link: z.enum(['tunnel', 'clear']),
          /** In the clear only. */
          source: z.enum(SOURCE_KINDS).nullable(),
          times: count,
          firstNs: instant,
        }),
      ),
    })
    .optional(),
  /** Knocks by their instants in whole seconds since the fault, to the end of the horizon; absent without a horizon. */
  knocksBySecond: z.array(z.object({ second: count, packets: count })).optional(),
  /** Of the knocks those that came after the client had ended; absent without a horizon. */
  knocksAfterClient: knocksSchema.optional(),
  /** From restoration to the first payload byte through the tunnel; null when none came. */
  recoveryNs: instant.nonnegative().nullable(),
  /** Clear packets before the fault. */
  baselineClearPackets: count,
  recoveryClearPackets: count,
});
export type Measures = z.infer<typeof measuresSchema>;

export const trialRecordSchema = z.object({
  version: z.literal(RECORDS_VERSION),
  trial: z.string(),
  cell: cellSchema,
  /** Which repetition of the cell this is, from 0. */
  repetition: count,
  /** 0 for the trial as planned; 1 and 2 where the machine disturbed it and it was run once more. */
  attempt: count.default(0),
  /** The planned trial of which this is another attempt; null for the first. Disturbed attempts stay recorded. */
  repeats: z.string().nullable().default(null),
  seed: count,
  originUnixNs: z.string().regex(/^\d+$/),
  outcome: z.discriminatedUnion('status', [
    z.object({ status: z.literal('completed') }),
    /** Declared by a plugin, never inferred from failure. */
    z.object({ status: z.literal('unsupported'), reason: z.string() }),
    z.object({ status: z.literal('failed'), stage: z.string(), reason: z.string() }),
  ]),
  killSwitchFamily: z.enum(KILL_SWITCH_FAMILIES),
  clientVersion: z.string().nullable(),
  /** How the client was bound: `none`, `interface tun0`, `address 10.8.0.2`. */
  binding: z.string(),
  identity: identitySchema.nullable(),
  swarm: swarmSchema.nullable(),
  instants: z.object({
    armedNs: instant.nullable(),
    clientStartedNs: instant.nullable(),
    steadyNs: instant.nullable(),
    fault: bracket.nullable(),
    restored: bracket.nullable(),
    endNs: instant.nullable(),
  }),
  /** How the swarm was asked afterwards; absent where the scenario does not ask. */
  aftermath: z
    .object({
      everyNs: instant,
      /** From the fault to the last question, as asked for. */
      horizonNs: instant,
      /** When the client had ended, and when the horizon was reached. */
      clientGoneNs: instant.nullable(),
      endNs: instant.nullable(),
      /** Who remembers peers, in which software, and for how long by its own source (null: for as long as it runs). */
      infrastructure: z.array(
        z.object({
          id: z.string(),
          software: z.string(),
          version: z.string(),
          expirySeconds: z.number().nullable(),
          /** Between which a life may end, coarse clocks and rounds of tidying up included; absent in older records. */
          windowSeconds: z.tuple([z.number(), z.number()]).nullable().optional(),
          source: z.string(),
        }),
      ),
    })
    .optional(),
  /** The moment asked for is in the cell; this is the one achieved: event (or steady state) to injection. */
  momentAchievedNs: instant.nullable(),
  /** What the packet-filter counters on the router saw; the capture is counted by the analysis. */
  counters: witnessSchema.nullable(),
  captures: z.array(
    z.object({
      name: z.enum(['uplink', 'wan']),
      file: z.string(),
      packets: count,
      /** Packets the kernel dropped for want of buffer; null when the capture could not say. */
      dropped: count.nullable(),
    }),
  ),
  canaries: z.array(z.object({ instrument: z.string(), stage: z.enum(['before', 'after']), seen: z.boolean() })),
  /**
   * Longest delay of the trial's own heartbeat, from the instruments' arming to the end of observation: how disturbed
   * the machine was.
   */
  heartbeatMaxDelayNs: instant.nullable(),
  /** How far the wall clock moved against the monotonic clock during the trial. */
  clockDriftNs: instant.nullable(),
  clientExit: z.string().nullable(),
  /** Last lines of the client's log, kept where the trial did not complete or the client ended unasked. */
  clientLogTail: z.array(z.string()),
  measures: measuresSchema.nullable(),
});
export type TrialRecord = z.infer<typeof trialRecordSchema>;

/**
 * A trial whose heartbeat came later than this is disturbed: inconclusive, and run once more. A tenth of the median gap
 * of the commonest cell (Transmission without a kill switch, link down: 2.2 s), which is the difference from which gaps
 * no longer count as equivalent. Measured on two cores that had as much other work again (load 10 to 28), the longest
 * delay of a trial was in the median 73, 73, 105 and 103 ms at 1, 4, 8 and 12 labs, and at most 197 ms.
 */
export const HEARTBEAT_BOUND_NS = 200_000_000;

export function isDisturbed({ heartbeatMaxDelayNs }: Pick<TrialRecord, 'heartbeatMaxDelayNs'>): boolean {
  return heartbeatMaxDelayNs !== null && heartbeatMaxDelayNs > HEARTBEAT_BOUND_NS;
}

// -------------------------------------------------------------------------------------------------------- manifest.json

export const manifestSchema = z.object({
  version: z.literal(RECORDS_VERSION),
  campaign: z.string(),
  startedAt: z.string(),
  scenario: z.object({
    name: z.string(),
    title: z.string(),
    hypothesis: z.string(),
    /** The scenario file as run, word for word, after the command line's restrictions. */
    source: z.string(),
    /** Where its relative paths start, seen from the results; absent where it has none. */
    folder: z.string().optional(),
    cells: z.array(cellSchema),
    /** At most, where the campaign is sequential. */
    trialsPerCell: count,
    /** Looks (in trials of a cell) and interval width by which cells stop; absent where every cell gets the same. */
    sequential: z.object({ looks: z.array(count).min(1), width: z.number() }).optional(),
    /** What a stranger is asked after the trial, in seconds, as run; absent where nobody is. */
    retrieval: z.object({ every: z.number(), horizon: z.number() }).optional(),
    /** Cells (by client x fault x moment) are compared within this family for multiple testing. */
    mustNotLeak: z.array(z.string()),
  }),
  seed: count,
  lab: z.object({ backend: z.enum(['netns', 'docker']), tunnel: z.string(), jobs: count }),
  versions: z.record(z.string(), z.string()),
  machine: z.object({ kernel: z.string(), architecture: z.string(), cores: count, memoryMiB: count }),
  commit: z.string().nullable(),
});
export type Manifest = z.infer<typeof manifestSchema>;

// ------------------------------------------------------------------ sessions.jsonl: what each run of the harness had to say

/**
 * One campaign takes one session of the harness, or several where it was interrupted. A session without its end was
 * killed.
 */
export const sessionRecordSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('started'),
    at: z.string(),
    commit: z.string().nullable(),
    /** Trials that were already sealed. */
    sealed: count,
    /** What is watched outside the labs: the addresses no frame may bear there; in words why, where nothing is. */
    watch: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('armed'), addresses: z.array(z.string()), leftOut: z.array(z.string()) }),
      z.object({ kind: z.literal('none'), reason: z.string() }),
    ]),
  }),
  z.object({
    event: z.literal('ended'),
    at: z.string(),
    how: z.enum(['finished', 'interrupted', 'failed', 'escaped']),
    /** Frames with a lab's address seen outside the labs: one is one too many. Null where nothing was watched. */
    escaped: z.object({ frames: count, dropped: count.nullable(), first: z.array(z.string()) }).nullable(),
  }),
]);
export type SessionRecord = z.infer<typeof sessionRecordSchema>;
