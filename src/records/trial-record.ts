/** trials.jsonl: one sealed record a trial. */
import * as z from 'zod';
import { bracket, count, fileName, instant, lifeSeconds, list, prose, said, seed, unixNs, word } from './bounded.ts';
import { cellSchema, identitySchema, swarmSchema } from './identity.ts';
import { measuresSchema } from './measures.ts';
import { KILL_SWITCH_FAMILIES, RECORDS_VERSION } from './vocabulary.ts';

/** Frames leaving the client as one witness counted them, from arming to the end. `clear` includes canaries. */
const witnessSchema = z.object({ clear: count, tunnel: count, housekeeping: count });
export type WitnessCount = z.infer<typeof witnessSchema>;

/** Kind of a lab, so that trials which ran in unlike ones can be told apart. */
const labDescriptionSchema = z.object({
  backend: z.enum(['netns', 'docker']),
  /** Which WireGuard makes the tunnel. */
  tunnel: z.enum(['kernel', 'wireguard-go']),
  /** Whose root a host's root is: of users of the lab's own, who are nobody on the machine, or the machine's. */
  users: z.enum(['own', 'machine']),
});
export type LabDescription = Readonly<z.infer<typeof labDescriptionSchema>>;

/** When a trial came to each of its stages; null for one it never came to. */
const stagesSchema = z.object({
  armedNs: instant.nullable(),
  clientStartedNs: instant.nullable(),
  steadyNs: instant.nullable(),
  fault: bracket.nullable(),
  restored: bracket.nullable(),
  endNs: instant.nullable(),
});
const instantsSchema = stagesSchema.refine(
  areInOrder,
  'must be in the order in which a trial comes to them: armed, started, steady, fault, restored, end',
);

/** Whether the stages follow one another: out of order they leave no outage in which a leak could be found. */
function areInOrder({ fault, restored, ...alone }: z.infer<typeof stagesSchema>): boolean {
  const stages = [
    ...[alone.armedNs, alone.clientStartedNs, alone.steadyNs],
    ...[fault?.beforeNs, fault?.afterNs, restored?.beforeNs, restored?.afterNs, alone.endNs],
  ].filter((ns) => typeof ns === 'number');
  return stages.every((ns, at) => at === 0 || ns >= (stages[at - 1] ?? ns));
}

export const trialRecordSchema = z.object({
  version: z.literal(RECORDS_VERSION),
  trial: fileName,
  cell: cellSchema,
  /** Number of this repetition of the cell, from 0. */
  repetition: count,
  /** 0 for the trial as planned; 1 and 2 where the machine disturbed it and it was run once more. */
  attempt: count.default(0),
  /** The planned trial of which this is another attempt; null for the first. Disturbed attempts stay recorded. */
  repeats: fileName.nullable().default(null),
  seed,
  originUnixNs: unixNs,
  outcome: z.discriminatedUnion('status', [
    z.object({ status: z.literal('completed') }),
    /** Declared by a plugin, never inferred from failure. */
    z.object({ status: z.literal('unsupported'), reason: prose }),
    z.object({ status: z.literal('failed'), stage: word, reason: prose }),
  ]),
  killSwitchFamily: z.enum(KILL_SWITCH_FAMILIES),
  clientVersion: said.nullable(),
  /** How the client was bound: `none`, `interface tun0`, `address 10.8.0.2`. */
  binding: said,
  /** Lab and machine that it ran in; absent in older records, and where no lab was opened. */
  ran: labDescriptionSchema.extend({ machine: word }).optional(),
  identity: identitySchema.nullable(),
  swarm: swarmSchema.nullable(),
  instants: instantsSchema,
  /** How the swarm was asked afterwards; absent where the scenario does not ask. */
  aftermath: z
    .object({
      everyNs: instant,
      /** Nanoseconds from the fault to the last question, as asked for. */
      horizonNs: instant,
      /** Instant at which the client had ended, and at which the horizon was reached. */
      clientGoneNs: instant.nullable(),
      endNs: instant.nullable(),
      /**
       * Parties that remember peers, their software, and for how long by its own source (null: for as long as it
       * runs).
       */
      infrastructure: list(
        z.object({
          id: word,
          software: said,
          version: said,
          expirySeconds: lifeSeconds.nullable(),
          /**
           * Seconds between which a life may end, coarse clocks and rounds of tidying up included; absent in older
           * records.
           */
          windowSeconds: z.tuple([lifeSeconds, lifeSeconds]).nullable().optional(),
          source: said,
        }),
      ),
    })
    .optional(),
  /** The moment asked for is in the cell; this is the one achieved: event (or steady state) to injection. */
  momentAchievedNs: instant.nullable(),
  /** What the packet-filter counters on the router saw; the capture is counted by the analysis. */
  counters: witnessSchema.nullable(),
  captures: list(
    z.object({
      name: z.enum(['uplink', 'wan']),
      file: fileName,
      packets: count,
      /** Packets the kernel dropped for want of buffer; null when the capture could not say. */
      dropped: count.nullable(),
    }),
  ),
  /** What each instrument said of itself at its end; absent in older records. */
  instruments: list(
    z.object({
      id: word,
      /** Packets or events that it knows it lost; null when it cannot say. */
      dropped: count.nullable(),
      /** Why it could not see for a part of the trial; null when it saw throughout. */
      blind: prose.nullable(),
    }),
  ).optional(),
  canaries: list(z.object({ instrument: word, stage: z.enum(['before', 'after']), seen: z.boolean() })),
  /**
   * Longest delay of the trial's own heartbeat, from the instruments' arming to the end of observation: how disturbed
   * the machine was.
   */
  heartbeatMaxDelayNs: instant.nullable(),
  /** How far the wall clock moved against the monotonic clock during the trial. */
  clockDriftNs: instant.nullable(),
  clientExit: said.nullable(),
  /** Last lines of the client's log, kept where the trial did not complete or the client ended unasked. */
  clientLogTail: list(prose),
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
