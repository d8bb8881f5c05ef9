/** What the neighbour program reads on its command line and says on standard output. */
import * as z from 'zod';
import { instrumentEventSchema } from '../../records/timeline.ts';
import type { SwarmConfig } from '../swarm/swarm-config.ts';

const endpoint = z.object({ address: z.ipv4(), port: z.number().int().min(1).max(65_535) });

export const neighbourConfigSchema = z.object({
  id: z.string(),
  /** CLOCK_REALTIME at the trial's origin, nanoseconds since 1970. */
  originUnixNs: z.string().regex(/^\d+$/),
  /** The device on the LAN whose multicast it hears. */
  device: z.string(),
  /** Where a canary is sent for each instrument; null: none for it. */
  targets: z.object({
    trackerHttp: endpoint.nullable(),
    trackerUdp: endpoint.nullable(),
    dht: endpoint.nullable(),
    /** An observer's port: canaries go there over TCP and as a bare datagram. */
    peer: endpoint.nullable(),
    stun: endpoint.nullable(),
    sink: endpoint.nullable(),
    resolver: endpoint.nullable(),
  }),
});
export type NeighbourConfig = z.infer<typeof neighbourConfigSchema>;

const neighbourReadySchema = z.object({ ready: z.literal(true) });
export const neighbourLineSchema = z.union([instrumentEventSchema, neighbourReadySchema]);
/** Commands for the neighbour, beside the one to stop. */
export const neighbourCommandSchema = z.object({ command: z.literal('canary'), nonce: z.string() });

/** A neighbour that sends its canaries to the members of this swarm and to the resolver. */
export function labNeighbour(swarm: SwarmConfig, device: string, resolver: string | null): NeighbourConfig {
  const { tracker, dht, observers, stun, canarySink } = swarm;
  const at = (address: string | undefined, port: number | undefined): z.infer<typeof endpoint> | null =>
    address === undefined || port === undefined ? null : { address, port };
  return {
    id: 'neighbour-0',
    originUnixNs: swarm.originUnixNs,
    device,
    targets: {
      trackerHttp: at(tracker.address4, tracker.httpPort),
      trackerUdp: at(tracker.address4, tracker.udpPort),
      dht: at(dht[0]?.address, dht[0]?.port),
      peer: at(observers[0]?.address4, observers[0]?.port),
      stun: at(
        stun?.addresses.find((address) => !address.includes(':')),
        stun?.ports[0],
      ),
      sink: canarySink,
      resolver: resolver === null ? null : { address: resolver, port: 53 },
    },
  };
}
