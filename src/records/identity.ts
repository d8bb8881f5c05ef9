/** What was tried, and who is who in it: what the analysis is told of a trial's lab. */
import * as z from 'zod';
import { address, hex, list, mac, port, word } from './bounded.ts';

/** A kill switch or fault with everything it runs with: its defaults are filled in, and times are in seconds. */
const parsedReferenceSchema = z.object({
  id: word,
  parameters: z.record(word, z.union([z.number(), word])),
});
export type ParsedReference = z.infer<typeof parsedReferenceSchema>;
export type Parameters = ParsedReference['parameters'];

/** Names of one combination as the scenario wrote them, parameters included (`app-kill(poll=2s)`): for people and for keys. */
export const cellNamesSchema = z.object({ client: word, killSwitch: word, fault: word, moment: word });
export type CellNames = z.infer<typeof cellNamesSchema>;

/** One combination: its names, and what the names of kill switch and fault were parsed to. */
export const cellSchema = cellNamesSchema.extend({
  parsed: z.object({
    /** One, or the members of a combination in the order of engagement. */
    killSwitch: list(parsedReferenceSchema).min(1),
    fault: parsedReferenceSchema,
  }),
});
export type Cell = z.infer<typeof cellSchema>;

/** Id of the kill switch that is none: its cells are the control arm. */
export const CONTROL = 'none';

/** Id of the fault that is none: its cells are the placebo arm, and name it by this text. */
export const PLACEBO = 'none';

/** Whether everything but an injection happens in the cell. */
export function isPlacebo({ fault }: Pick<CellNames, 'fault'>): boolean {
  return fault === PLACEBO;
}

/** A cell's names alone. */
export function namesOf({ client, killSwitch, fault, moment }: CellNames): CellNames {
  return { client, killSwitch, fault, moment };
}

/** Identity of a cell, stable and readable: wherever cells are told apart, in links and in baselines. */
export function cellKey({ client, killSwitch, fault, moment }: CellNames): string {
  return [client, killSwitch, fault, moment].join(' / ');
}

/** Identity of what is compared with one another: the same client, fault and moment under every kill switch. */
export function groupKey({ client, fault, moment }: CellNames): string {
  return [client, fault, moment].join(' / ');
}

const endpointSchema = z.object({ address, port });
export type Endpoint = z.infer<typeof endpointSchema>;

/** Every address by which the client can be known, so that the analysis needs no knowledge of the topology. */
export const identitySchema = z.object({
  /** Ethernet address of the client's side of the uplink: what makes a frame "leaving the client". */
  clientMac: mac,
  /** The client's own addresses on the LAN. */
  lan4: address,
  lan6: address.nullable(),
  /** The home router's public address: what a third party sees of a clear IPv4 packet. */
  wan4: address,
  /** The client's addresses inside the tunnel. */
  tunnel4: address,
  tunnel6: address.nullable(),
  /** The VPN server's public addresses: what a third party should see. */
  exit4: address,
  exit6: address.nullable(),
  /** The tunnel's own datagrams go here and are never a leak. */
  endpoint: endpointSchema,
  /** Endpoints that the tunnel also has in a trial whose fault moves it to another server; absent in every other. */
  otherEndpoints: list(endpointSchema).optional(),
});
export type Identity = z.infer<typeof identitySchema>;

/** Everywhere the tunnel's own datagrams go in that trial. */
export function endpointsOf({ endpoint, otherEndpoints = [] }: Identity): readonly Endpoint[] {
  return [endpoint, ...otherEndpoints];
}

/** Map of who is who in the swarm, so that a flow whose bytes say nothing (encrypted, truncated) can still be named. */
export const swarmSchema = z.object({
  infoHash: hex,
  trackers: list(
    z.object({
      id: word,
      addresses: list(address),
      httpPort: port.nullable(),
      udpPort: port.nullable(),
      /** Absent, or false for an address behind a tracker's name where nobody answers. */
      answers: z.literal(false).optional(),
    }),
  ),
  dhtNodes: list(z.object({ id: word, addresses: list(address), port })),
  peers: list(z.object({ id: word, addresses: list(address), port })),
  resolvers: list(address),
  /** Ids of members that could be learnt only inside the tunnel, and before the client was started again. */
  marked: list(word).optional(),
});
export type SwarmMap = z.infer<typeof swarmSchema>;
