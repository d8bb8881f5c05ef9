/**
 * The conditions of a trial: all that a scenario says of how it is run, and that is the same in every cell. The scenario's
 * file and the task of a trial are read with this one schema, which differs in how a duration is written.
 */
import * as z from 'zod';
import { word } from './bounded.ts';

/** How a scenario names the trackers of its torrent. */
const TRACKER_KINDS = [
  'http',
  'udp',
  'http-v4',
  'udp-v4',
  'http-v6',
  'udp-v6',
  'http-many',
  'udp-many',
  'http-many-v4',
  'udp-many-v4',
  'http-many-v6',
  'udp-many-v6',
  'ws',
  'opentracker-http',
  'opentracker-udp',
] as const;
export type TrackerKind = (typeof TRACKER_KINDS)[number];

/** What a trial starts. */
const STARTERS = ['switch', 'tunnel', 'client'] as const;

/** `default` leaves the client's own default alone. */
const setting = z.enum(['on', 'off', 'default']).default('default');

/** What a client is told to switch. A feature added here is one of scenarios, trials and clients. */
export const featuresSchema = z.strictObject({
  dht: setting,
  pex: setting,
  lsd: setting,
  portMapping: setting,
  utp: setting,
  /** Encryption of connections to peers (MSE). `on`: the client takes no plain one; `off`: it opens none encrypted. */
  encryption: setting,
});

const tracker = z.enum(TRACKER_KINDS);

/** Fields of the conditions, with durations as `duration` reads them; in seconds once read. */
export function conditionsWith(duration: z.ZodType<number>) {
  return {
    /** Order in which switch, tunnel and client are started: start-up races are faults too. */
    order: z
      .array(z.enum(STARTERS))
      .length(STARTERS.length)
      .refine((order) => new Set(order).size === STARTERS.length, 'must name switch, tunnel and client once each')
      .default([...STARTERS]),
    observe: z
      .strictObject({
        /** Longest wait for steady state. */
        steady: duration.default(30),
        /** Time from the fault to its reversal. */
        outage: duration.default(6),
        /** Time from the reversal to the end. */
        recovery: duration.default(6),
      })
      .prefault({}),
    features: featuresSchema.prefault({}),
    torrent: z
      .strictObject({
        /** Tiers of the announce list: one tracker, or a list of several. */
        trackers: z.array(z.union([tracker, z.array(tracker).min(1)])).default(['http', 'udp']),
        magnet: z.boolean().default(false),
        /** What the instrumented tracker asks of clients between two announces. */
        interval: duration.default(600),
      })
      .prefault({}),
    /** Real trackers and DHT nodes that run beside the instrumented swarm. */
    infrastructure: z.array(word).default([]),
    /** Whether there are members of the swarm that can be learnt inside the tunnel only, before the fault. */
    marked: z.boolean().default(false),
    /** A copyright monitor that takes part from the beginning; absent: none does. */
    monitor: z
      .strictObject({
        /** Time between two rounds of the monitor's questions. */
        every: duration.default(5),
      })
      .optional(),
    /** What a stranger is told afterwards: the client ends after the recovery, the swarm is asked until the horizon. */
    retrieval: z
      .strictObject({
        every: duration.default(5),
        /** Time from the fault to the retrieval's last question. */
        horizon: duration.default(60),
      })
      .optional(),
  };
}

/** Conditions of a trial, in seconds. Whatever else is beside them is left out. */
export const conditionsSchema = z.object(conditionsWith(z.number().nonnegative()));
export type Conditions = z.infer<typeof conditionsSchema>;
