/** The third parties of a trial, each an instrument: swarm, neighbour, resolver, real infrastructure, retrieval, monitor. */
import { ADDRESS } from '../../contracts/addresses.ts';
import type { InstrumentReport, RunningInstrument } from '../../contracts/instrument.ts';
import type { Lab } from '../../contracts/lab.ts';
import type { CanaryWatch } from '../../probes/canary-watch.ts';
import { infrastructureById, startInfrastructure } from '../../probes/infrastructure/index.ts';
import type { RunningInfrastructure } from '../../probes/infrastructure/infrastructure.ts';
import { MONITOR } from '../../probes/monitor/monitor-config.ts';
import { labNeighbour } from '../../probes/neighbour/neighbour-config.ts';
import { startResolver } from '../../probes/resolver.ts';
import { startMonitor, startRetrieval, type RunningRetrieval } from '../../probes/retrieval-client.ts';
import {
  passOn,
  startNeighbour,
  startSwarm,
  type RunningNeighbour,
  type RunningSwarm,
} from '../../probes/swarm-client.ts';
import { SWARM_NAMES, labSwarm, swarmMap, type SwarmConfig } from '../../probes/swarm/swarm-config.ts';
import type { SwarmMap } from '../../records/identity.ts';
import type { InstrumentEvent } from '../../records/timeline.ts';
import type { Timeline } from './live-timeline.ts';
import type { TrialSpec } from './spec.ts';
import { retrievalConfig, withInfrastructure } from './swarm-map.ts';
import { announceList, namesDeafTrackers } from './trackers.ts';

export interface Parties {
  readonly config: SwarmConfig;
  /** Members of the swarm, real infrastructure and monitor included. */
  readonly map: SwarmMap;
  readonly swarm: RunningSwarm;
  readonly neighbour: RunningNeighbour;
  readonly resolver: RunningInstrument;
  /** Retrieval, and below it the monitor: null where the scenario asks for none. */
  readonly retrieval: RunningRetrieval | null;
  readonly monitor: RunningInstrument | null;
  readonly infrastructure: readonly RunningInfrastructure[];
}

const RESOLVER = [ADDRESS.resolver.v4, ADDRESS.resolver.v6];

/** Starts all of them; resolves when each would see the next packet. */
export async function startParties(
  lab: Lab,
  spec: TrialSpec,
  watch: CanaryWatch,
  timeline: Timeline,
): Promise<Parties> {
  const { clock, hosts } = lab;
  const config = swarmConfig(lab, spec);
  const sorting = { watch, onEvent: (event: InstrumentEvent) => timeline.add(event) };
  const [resolver, swarm, neighbour] = await Promise.all([
    startResolver(hosts.resolver, {
      clock,
      addresses: RESOLVER,
      records: SWARM_NAMES,
      onEvent: (event) => passOn(event, sorting),
    }),
    startSwarm(hosts.swarm, { config, ...sorting }),
    startNeighbour(hosts.neighbour, { config: labNeighbour(config, 'eth0', ADDRESS.resolver.v4), ...sorting }),
  ]);
  const instrumented = swarmMap(config, [...RESOLVER, lab.tunnel.config.dns]);
  const job = { infoHash: instrumented.infoHash, entry: config.dht[1] ?? { address: '', port: 0 } };
  const infrastructure = await Promise.all(
    spec.infrastructure.map((id) => startInfrastructure(infrastructureById(id), hosts.swarm, job)),
  );
  const map = withInfrastructure(instrumented, infrastructure, spec.monitor !== undefined);
  const retrieval = await beginRetrieval(lab, spec, map, timeline);
  const monitor = await beginMonitor(lab, spec, { config, map }, timeline);
  return { config, map, swarm, neighbour, resolver, retrieval, monitor, infrastructure };
}

/** Ends all of them; gives what each says of itself. */
export async function stopParties(parties: Parties): Promise<readonly ({ readonly id: string } & InstrumentReport)[]> {
  const { resolver, swarm, neighbour, retrieval, monitor, infrastructure } = parties;
  const all = [resolver, swarm, neighbour, retrieval, monitor, ...infrastructure].filter((each) => each !== null);
  return Promise.all(
    all.map(async (each) => {
      const { dropped, blind } = await each.stop();
      return { id: each.id, dropped, blind };
    }),
  );
}

function swarmConfig({ clock }: Lab, spec: TrialSpec): SwarmConfig {
  return labSwarm({
    originUnixNs: clock.originUnixNs,
    seed: spec.seed,
    marked: spec.marked,
    announceIntervalSeconds: spec.torrent.interval,
    deafTrackers: namesDeafTrackers(spec.torrent.trackers),
    payload: { trackers: announceList(spec.torrent.trackers) },
  });
}

async function beginRetrieval(
  { clock, hosts }: Lab,
  { retrieval }: TrialSpec,
  map: SwarmMap,
  timeline: Timeline,
): Promise<RunningRetrieval | null> {
  if (retrieval === undefined) return null;
  return startRetrieval(hosts.swarm, {
    config: retrievalConfig(clock.originUnixNs, map, retrieval.every),
    onEvent: (event) => timeline.add(event),
  });
}

async function beginMonitor(
  { clock, hosts }: Lab,
  { monitor }: TrialSpec,
  { config, map }: Pick<Parties, 'config' | 'map'>,
  timeline: Timeline,
): Promise<RunningInstrument | null> {
  if (monitor === undefined) return null;
  const { trackers, dht } = retrievalConfig(clock.originUnixNs, map, monitor.every);
  return startMonitor(hosts.swarm, {
    config: { swarm: { ...config, observers: [MONITOR] }, everySeconds: monitor.every, trackers, dht },
    onEvent: (event) => timeline.add(event),
  });
}
