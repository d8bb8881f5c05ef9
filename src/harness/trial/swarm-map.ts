/** What follows from who is in the swarm of a trial: whom the client is given, who is asked, and who forgets when. */
import { SWARM } from '../../contracts/addresses.ts';
import { INSTRUMENTED_EXPIRY } from '../../probes/infrastructure/index.ts';
import type { Expiry, RunningInfrastructure } from '../../probes/infrastructure/infrastructure.ts';
import { opentracker } from '../../probes/infrastructure/opentracker.ts';
import { MONITOR } from '../../probes/monitor/monitor-config.ts';
import { PLANT, VANTAGES, type RetrievalConfig } from '../../probes/retrieval/retrieval-config.ts';
import type { SwarmMap } from '../../records/identity.ts';
import type { TrialRecord } from '../../records/trial-record.ts';

/** Adds real trackers and nodes, which are of the swarm like the instrumented ones, and the monitor. */
export function withInfrastructure(
  map: SwarmMap,
  running: readonly RunningInfrastructure[],
  withMonitor: boolean,
): SwarmMap {
  const of = (kind: 'tracker' | 'dht') =>
    running.flatMap(({ infrastructure }) => (infrastructure.kind === kind ? [infrastructure] : []));
  return {
    ...map,
    trackers: [
      ...map.trackers,
      ...of('tracker').map(({ id, address, port }) => ({ id, addresses: [address], httpPort: port, udpPort: port })),
    ],
    peers: [
      ...map.peers,
      ...(withMonitor ? [{ id: MONITOR.id, addresses: [SWARM.monitor.v4, SWARM.monitor.v6], port: MONITOR.port }] : []),
    ],
    dhtNodes: [...map.dhtNodes, ...of('dht').map(({ id, address, port }) => ({ id, addresses: [address], port }))],
  };
}

/** Nodes that the client is given to enter the DHT by: all but the marked, which it is to learn in the tunnel only. */
export function dhtRouters(swarm: SwarmMap): { readonly address: string; readonly port: number }[] {
  const marked = new Set(swarm.marked);
  return swarm.dhtNodes.flatMap(({ id, addresses, port }) =>
    marked.has(id) ? [] : addresses.slice(0, 1).map((address) => ({ address, port })),
  );
}

/** Software that remembers peers, and for how long by its own documentation. */
export function memories(
  swarm: SwarmMap,
  running: readonly RunningInfrastructure[],
): NonNullable<TrialRecord['aftermath']>['infrastructure'] {
  const { trackers, dhtNodes } = swarm;
  const told = ({ seconds: expirySeconds, windowSeconds, source }: Expiry) => ({
    ...{ expirySeconds, source },
    windowSeconds: windowSeconds === null ? null : ([windowSeconds[0], windowSeconds[1]] satisfies [number, number]),
  });
  const real = running.map(({ infrastructure: { id, title, expiry }, version }) => ({
    ...{ id, software: title, version },
    ...told(expiry),
  }));
  const known = new Set(real.map(({ id }) => id));
  const own = (kind: 'tracker' | 'dht', software: string, members: readonly { readonly id: string }[]): typeof real =>
    members.flatMap(({ id }) =>
      known.has(id) ? [] : [{ id, software, version: 'as in package.json', ...told(INSTRUMENTED_EXPIRY[kind]) }],
    );
  return [
    ...own('tracker', 'bittorrent-tracker', trackers.filter(isAnswering)),
    ...own('dht', 'bittorrent-dht', dhtNodes),
    ...real,
  ];
}

/** Whom the retrieval asks: every member of the swarm that answers. */
export function retrievalConfig(originUnixNs: bigint, map: SwarmMap, everySeconds: number): RetrievalConfig {
  const first = (addresses: readonly string[]): string => addresses[0] ?? '';
  return {
    originUnixNs: originUnixNs.toString(),
    infoHash: map.infoHash,
    everySeconds,
    vantages: VANTAGES,
    trackers: map.trackers.filter(isAnswering).map(({ id, addresses, httpPort, udpPort }) => ({
      id,
      address4: first(addresses),
      address6: addresses[1] ?? null,
      httpPort: httpPort ?? 0,
      udpPort: udpPort ?? 0,
      membersOnly: id === opentracker.id,
    })),
    dht: map.dhtNodes.map(({ id, addresses, port }) => ({ id, address: first(addresses), port })),
    peers: map.peers.map(({ id, addresses, port }) => ({ id, address: first(addresses), port })),
    plant: PLANT,
  };
}

/** Whether there is anything to be asked: not at the addresses behind a tracker's name at which nobody answers. */
function isAnswering(tracker: SwarmMap['trackers'][number]): boolean {
  return tracker.answers !== false;
}
