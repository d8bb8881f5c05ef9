/**
 * What a trial found: who learnt the real address and how, what left in the clear and by whom, in which phase, and what
 * works again afterwards. `results/FORMAT.md` describes every field for people.
 */
import * as z from 'zod';
import { byteCount, count, instant, labSeconds, list, said, word } from './bounded.ts';
import { CLEAR_CLASSES, FAMILIES, SOURCE_KINDS } from './vocabulary.ts';

/**
 * How far something reached, worst first. swarm: whoever can tie the address to the torrent. service: a third party
 * outside the swarm (a resolver, a STUN server). path: nobody it was meant for, but it crossed the access network in
 * the clear. lan: nothing went beyond the local link or the home router.
 */
export const REACHES = ['swarm', 'service', 'path', 'lan', 'none'] as const;
export type Reach = (typeof REACHES)[number];

/** Reaches that a scenario can forbid: each forbids what is worse, too. */
export const FORBIDDEN = ['swarm', 'service', 'path', 'lan'] as const satisfies readonly Reach[];
export type Forbidden = (typeof FORBIDDEN)[number];

/** Whether something reached as far as is forbidden, or farther. */
export function isForbidden(reach: Reach, forbidden: Forbidden): boolean {
  return REACHES.indexOf(reach) <= REACHES.indexOf(forbidden);
}

/**
 * start: the first program started until steady state. steady: until the fault. outage: until the tunnel carries traffic
 * again. recovery: until the end, or until the client is gone; aftermath: from then on.
 */
export const TRIAL_PHASES = ['start', 'steady', 'outage', 'recovery', 'aftermath'] as const;
export type TrialPhase = (typeof TRIAL_PHASES)[number];

/**
 * Who made a packet. kernel: no process (ICMP errors, resets, what TCP goes on with after its owner's end). system:
 * another process of the client's host, a kill switch's among them where nothing tells them apart. router: the home
 * router itself. undecided: the rule does not say.
 */
const AUTHORS = ['client', 'kernel', 'system', 'router', 'undecided'] as const;
export type Author = (typeof AUTHORS)[number];

export const THIRD_PARTIES = ['tracker', 'dht', 'peer', 'resolver', 'stun', 'neighbour'] as const;
export type ThirdParty = (typeof THIRD_PARTIES)[number];

/** How far a disclosure to a party of the kind reaches. */
export const REACH_OF: Readonly<Record<ThirdParty, Reach>> = {
  tracker: 'swarm',
  dht: 'swarm',
  peer: 'swarm',
  resolver: 'service',
  stun: 'service',
  neighbour: 'lan',
};

/** A third party learnt the real address: one row a party, way, phase, author and address. */
const disclosureSchema = z.object({
  /** First and last time; how often. */
  atNs: instant,
  lastNs: instant,
  times: count,
  party: z.object({ kind: z.enum(THIRD_PARTIES), id: word }),
  /** source: the packet bore the address. content: a packet said it, through whichever link. */
  way: z.enum(['source', 'content']),
  /** The address learnt. */
  address: word,
  family: z.enum(FAMILIES),
  /** What said it: `announce`, `get_peers`, `extension handshake`, `node id`, `packet`, ... in alphabetical order. */
  fields: list(said),
  /** What the packets bore when they left the client; empty for content. */
  sources: list(z.enum(SOURCE_KINDS)),
  author: z.enum(AUTHORS),
  phase: z.enum(TRIAL_PHASES),
  /** The party knew the address before this phase, or by another way before this row began. */
  before: z.boolean(),
});
export type Disclosure = z.infer<typeof disclosureSchema>;

/** Packets that left the client in the clear, whoever saw them. */
const clearTrafficSchema = z.object({
  phase: z.enum(TRIAL_PHASES),
  class: z.enum(CLEAR_CLASSES),
  family: z.enum(FAMILIES),
  source: z.enum(SOURCE_KINDS),
  author: z.enum(AUTHORS),
  /** lan: to the local link, a group or the home router. path: beyond it. */
  scope: z.enum(['path', 'lan']),
  packets: count,
  bytes: byteCount,
  firstNs: instant,
  lastNs: instant,
});
export type ClearTraffic = z.infer<typeof clearTrafficSchema>;

/**
 * Ways in which a client uses its tunnel. tcp, utp: connections to peers that it makes; incoming: those that peers make to
 * the tunnel's exit.
 */
export const AVAILABLE_WAYS = [
  'tcp',
  'utp',
  'incoming',
  'dht',
  'announce-http',
  'announce-udp',
  'announce-ws',
] as const;
export type AvailableWay = (typeof AVAILABLE_WAYS)[number];

export const findingsSchema = z.object({
  /** The phases that the trial had, in their order, and the worst that happened in each. */
  phases: z.array(z.object({ phase: z.enum(TRIAL_PHASES), fromNs: instant, untilNs: instant, reach: z.enum(REACHES) })),
  disclosures: list(disclosureSchema),
  clear: list(clearTrafficSchema),
  /** Packets of the home router's own to the swarm from the real address: answers to knocks, no finding about the client. */
  routerPackets: count,
  /** What could have hidden something, each as a clause: where there is any, that nothing was found shows nothing. */
  doubts: list(said),
  /** Nanoseconds since the fault's earliest instant; null where it never came or nobody says. */
  latency: z.object({
    noticedNs: instant.nullable(),
    actedNs: instant.nullable(),
    /** The last clear packets of the outage that the client, and that the kernel made. */
    lastClientNs: instant.nullable(),
    lastKernelNs: instant.nullable(),
    /** The client still sent in the last second of the outage: its last packet is a lower bound. */
    censored: z.boolean(),
    tunnelBackNs: instant.nullable(),
    firstPayloadNs: instant.nullable(),
  }),
  /**
   * recovered: payload through the tunnel again. never: not within what was watched. not-asked: the client was gone,
   * or nothing fell. */
  availability: z.object({
    state: z.enum(['recovered', 'never', 'not-asked']),
    /** Seconds from the beginning of the reversal to the first payload, or to the end of the watch. */
    seconds: labSeconds.nullable(),
    /** State of each way in which the client had used the tunnel before the fault; absent in older records. */
    ways: z
      .array(
        z.object({
          way: z.enum(AVAILABLE_WAYS),
          state: z.enum(['recovered', 'never', 'not-asked']),
          seconds: labSeconds.nullable(),
        }),
      )
      .max(AVAILABLE_WAYS.length)
      .optional(),
  }),
});
export type Findings = z.infer<typeof findingsSchema>;
