/**
 * What the monitor is told, and its place in the lab. It behaves as companies that watch torrents for rights holders do:
 * it joins, asks tracker and DHT on a schedule, connects to whom it is told of, and writes down whom it met. It uploads
 * next to nothing.
 */
import * as z from 'zod';
import { SWARM } from '../../contracts/addresses.ts';
import { instrumentEventSchema, monitorEventSchema } from '../../records/timeline.ts';
import { retrievalConfigSchema } from '../retrieval/retrieval-config.ts';
import { readyLineSchema, swarmConfigSchema, type SwarmConfig } from '../swarm/swarm-config.ts';

export const monitorConfigSchema = z.object({
  /** The torrent and the observer the monitor is; nothing else of it is used. */
  swarm: swarmConfigSchema,
  everySeconds: z.number().positive(),
  trackers: retrievalConfigSchema.shape.trackers,
  dht: retrievalConfigSchema.shape.dht,
});
export type MonitorConfig = z.infer<typeof monitorConfigSchema>;

/** Sightings of its connections are those of any observer; what it is told of is its own. */
export const monitorLineSchema = z.union([instrumentEventSchema, monitorEventSchema, readyLineSchema]);

export const MONITOR: SwarmConfig['observers'][number] = {
  id: 'monitor',
  address4: SWARM.monitor.v4,
  address6: SWARM.monitor.v6,
  port: 51_413,
  uploadBytesPerSecond: 1,
};
