/** The measures of a trial. */
import * as z from 'zod';
import { LONGEST_SECONDS, byteCount, claimed, count, instant, list, said, word } from './bounded.ts';
import { findingsSchema } from './findings.ts';
import {
  CLEAR_CLASSES,
  FAMILIES,
  HOUSEKEEPING_CLASSES,
  PARTIES,
  PHASES,
  SOURCE_KINDS,
  VERDICTS,
} from './vocabulary.ts';

const trafficSchema = z.object({
  phase: z.enum(PHASES),
  class: z.enum(CLEAR_CLASSES),
  family: z.enum(FAMILIES),
  source: z.enum(SOURCE_KINDS),
  packets: count,
  bytes: byteCount,
  firstNs: instant,
  lastNs: instant,
});
export type Traffic = z.infer<typeof trafficSchema>;

const exposureSchema = z.object({
  party: z.enum(PARTIES),
  /** Id of the tracker, node or peer. */
  id: word,
  /** `source`: the packet came from the real address. `content`: the bytes named it. */
  by: z.enum(['source', 'content']),
  phase: z.enum(PHASES),
  /** The address learnt. */
  address: word,
  /** What named it: `announce`, `get_peers`, `handshake`, `ip=`, `node id`, `pex`, ... */
  how: said,
  times: count,
  firstNs: instant,
  lastNs: instant,
});
export type Exposure = z.infer<typeof exposureSchema>;

/** Time for which one party handed out one address to a stranger who asked, in the retrieval's rounds. */
const handOutSchema = z.object({
  party: z.enum(PARTIES),
  id: word,
  /** `real`: the user's. `planted`: the lab's own, announced once at a known instant. */
  who: z.enum(['real', 'planted']),
  address: word,
  via: list(word),
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
export const measuresSchema = z.object({
  verdict: z.enum(VERDICTS),
  reason: said,
  /**
   * Nanoseconds from the fault's earliest possible instant to the last clear packet of the outage; null without one.
   */
  gapNs: instant.nonnegative().nullable(),
  /** Whether clear packets still left at the end of the outage: the gap is a lower bound. */
  gapCensored: z.boolean(),
  firstClearNs: instant.nullable(),
  lastClearNs: instant.nullable(),
  /**
   * Nanoseconds from the fault to the instant the switch says it noticed, and had acted; null where it does not react.
   */
  detectionNs: instant.nonnegative().nullable(),
  switchLatencyNs: instant.nonnegative().nullable(),
  /** Clear packets and bytes of the outage (gap phase), all classes. */
  clearPackets: count,
  clearBytes: byteCount,
  traffic: list(trafficSchema),
  housekeeping: list(
    z.object({ phase: z.enum(PHASES), class: z.enum(HOUSEKEEPING_CLASSES), packets: count, bytes: byteCount }),
  ),
  exposures: list(exposureSchema),
  /** Packets from the swarm that reached the real address after containment. */
  knocks: knocksSchema,
  /** Parties that handed the real address out, to the end of the horizon; absent where nobody asked. */
  handOuts: list(handOutSchema).optional(),
  /** What a copyright monitor would have had on the real address since the fault; absent where there was none. */
  monitor: z
    .object({
      /** First told of it; null when never. */
      named: z.object({ atNs: instant, address: word, port: claimed, via: z.enum(['tracker', 'dht']) }).nullable(),
      /** First met it, as its evidence would say; null when never. */
      met: z
        .object({
          atNs: instant,
          address: word,
          port: claimed,
          client: said.nullable(),
          infoHash: word.nullable(),
          peerId: word.nullable(),
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
      met: list(word),
      persisted: list(z.object({ path: said, holds: said, marked: list(word).nullable() })),
      /** Marked members it came to afterwards, by what its packets bore: the tunnel's exit or, in the clear, a source. */
      contacts: list(
        z.object({
          id: word,
          link: z.enum(['tunnel', 'clear']),
          /** Kind of source address, in the clear only. */
          source: z.enum(SOURCE_KINDS).nullable(),
          times: count,
          firstNs: instant,
        }),
      ),
    })
    .optional(),
  /** Knocks by their instants in whole seconds since the fault, to the end of the horizon; absent without a horizon. */
  knocksBySecond: list(z.object({ second: count.max(LONGEST_SECONDS), packets: count }), LONGEST_SECONDS).optional(),
  /** Knocks, of those counted, that came after the client had ended; absent without a horizon. */
  knocksAfterClient: knocksSchema.optional(),
  /** Nanoseconds from restoration to the first payload byte through the tunnel; null when none came. */
  recoveryNs: instant.nonnegative().nullable(),
  /** Who learnt what, when, by whom; absent where a capture was missing, and in records from before it was measured. */
  findings: findingsSchema.optional(),
  /** Clear packets before the fault. */
  baselineClearPackets: count,
  recoveryClearPackets: count,
});
export type Measures = z.infer<typeof measuresSchema>;
