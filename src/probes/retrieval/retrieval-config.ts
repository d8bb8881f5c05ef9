/**
 * What the retrieval is told and what it tells. The retrieval stands for anybody who asks the swarm for peers: it
 * has addresses of its own, keeps no state of the client's, and is no member of the instrumented swarm.
 */
import * as z from 'zod';
import { SWARM } from '../../contracts/addresses.ts';
import { retrievalEventSchema } from '../../records/timeline.ts';

const port = z.number().int().min(1).max(65_535);

export const retrievalConfigSchema = z.object({
  /** CLOCK_REALTIME at the trial's origin, nanoseconds since 1970. */
  originUnixNs: z.string().regex(/^\d+$/),
  infoHash: z.string().regex(/^[0-9a-f]{40}$/),
  /** Seconds from one round of questions to the next. */
  everySeconds: z.number().positive(),
  /** Addresses the retrieval asks from: every DHT node from each, the others from one in turn. */
  vantages: z.array(z.object({ address4: z.ipv4(), address6: z.ipv6() })).min(1),
  trackers: z.array(
    z.object({
      id: z.string(),
      address4: z.ipv4(),
      address6: z.ipv6().nullable(),
      httpPort: port,
      udpPort: port,
      /** Names peers only to those who join; the retrieval then joins and leaves within one question. */
      membersOnly: z.boolean(),
    }),
  ),
  dht: z.array(z.object({ id: z.string(), address: z.ipv4(), port })),
  peers: z.array(z.object({ id: z.string(), address: z.ipv4(), port })),
  /** An exposure of known beginning: announced once, on command, and never again. */
  plant: z.object({ address: z.ipv4(), port }),
});
export type RetrievalConfig = z.infer<typeof retrievalConfigSchema>;

/** Commands for the retrieval, beside the one to stop. */
export const retrievalCommandSchema = z.object({
  command: z.enum([
    /** Ask now and from now on at the interval. */
    'begin',
    /** Announce the planted address everywhere, once. */
    'plant',
    /** Take the planted address out of the trackers again: the end of a life that is known. */
    'unplant',
  ]),
});
export type RetrievalCommand = z.infer<typeof retrievalCommandSchema>;

export const retrievalLineSchema = z.union([retrievalEventSchema, z.object({ ready: z.literal(true) })]);

// ----------------------------------------------------------------------------------------------- addresses in the lab

export const VANTAGES: RetrievalConfig['vantages'] = SWARM.vantages.map(({ v4, v6 }) => ({
  address4: v4,
  address6: v6,
}));
export const PLANT: RetrievalConfig['plant'] = { address: SWARM.plant, port: 51_413 };
