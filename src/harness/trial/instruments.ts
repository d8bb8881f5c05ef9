/** Every instrument of a trial: armed together, proved by canaries before and after, and read at the end. */
import path from 'node:path';
import { ADDRESS, LAN_MAC, SWARM } from '../../contracts/addresses.ts';
import { canaryBytes, canaryNonce, nonceIn } from '../../probes/canary.ts';
import { CANARY_INSTRUMENTS, CanaryWatch } from '../../probes/canary-watch.ts';
import { startCapture, type RunningCapture } from '../../probes/capture.ts';
import { startCounters, type RunningCounters } from '../../probes/counters.ts';
import { labNeighbour } from '../../probes/neighbour/neighbour-config.ts';
import { MONITOR } from '../../probes/monitor/monitor-config.ts';
import { magnetLink, makePayload, type Payload } from '../../probes/torrent-payload.ts';
import { udpFrame } from '../../probes/ethernet-frame.ts';
import { startRawFrameSender } from '../../probes/raw-frame-sender.ts';
import { INSTRUMENTED_EXPIRY, infrastructureById, startInfrastructure } from '../../probes/infrastructure/index.ts';
import type { Expiry, RunningInfrastructure } from '../../probes/infrastructure/infrastructure.ts';
import { opentracker } from '../../probes/infrastructure/opentracker.ts';
import { startResolver } from '../../probes/resolver.ts';
import { startMonitor, startReader, type RunningReader } from '../../probes/retrieval-client.ts';
import { PLANT, VANTAGES, type RetrievalConfig } from '../../probes/retrieval/retrieval-config.ts';
import { SWARM_NAMES, labSwarm, swarmMap } from '../../probes/swarm/swarm-config.ts';
import {
  passOn,
  startNeighbour,
  startSwarm,
  type RunningNeighbour,
  type RunningSwarm,
} from '../../probes/swarm-client.ts';
import type { RunningInstrument } from '../../contracts/instrument.ts';
import type { Lab } from '../../contracts/lab.ts';
import { WIREGUARD_HANDSHAKE_NOTE, isSeenOnUplink } from './moments.ts';
import type { TrialSpec } from './spec.ts';
import { CANARY_PORT } from '../../records/canary.ts';
import type { SwarmMap } from '../../records/identity.ts';
import type { InstrumentEvent } from '../../records/timeline.ts';
import type { TrialRecord, WitnessCount } from '../../records/trial-record.ts';
import { PROTOCOL } from '../../records/protocols.ts';
import type { Timeline } from './live-timeline.ts';
import { announceList, namesDeafTrackers } from './trackers.ts';

/** A canary crosses the lab in milliseconds; an instrument that has not seen it after this long is blind. */
const CANARY_PATIENCE_MS = 3000;
/** Raw canaries of each round. */
const RAW_CANARIES = 2;
/** LSD's group (BEP 14) and its Ethernet address (RFC 1112): the canary that the neighbour hears. */
const LSD = { address: '239.192.152.143', port: 6771, mac: '01:00:5e:40:98:8f' };

/** What the instruments leave in the record at their end. */
interface Ends {
  readonly counters: WitnessCount;
  readonly captures: TrialRecord['captures'];
  readonly instruments: NonNullable<TrialRecord['instruments']>;
}

type Canaries = TrialRecord['canaries'];

interface Parts {
  readonly counters: RunningCounters;
  readonly uplink: RunningCapture;
  readonly wan: RunningCapture;
  readonly resolver: RunningInstrument;
  readonly swarm: RunningSwarm;
  readonly neighbour: RunningNeighbour;
  /** Reader that asks the swarm; null where the scenario does not ask it. */
  readonly reader: RunningReader | null;
  readonly monitor: RunningInstrument | null;
  readonly infrastructure: readonly RunningInfrastructure[];
}

export class Instruments {
  readonly payload: Payload;
  readonly swarm: SwarmMap;
  readonly dhtRouters: readonly { readonly address: string; readonly port: number }[];
  readonly rawCaptures: readonly { readonly name: 'uplink' | 'wan'; readonly file: string }[];
  readonly #lab: Lab;
  readonly #watch: CanaryWatch;
  readonly #parts: Parts;
  /** Number of canaries sent so far. */
  #canaries = 0;

  private constructor(
    lab: Lab,
    parts: Parts,
    watch: CanaryWatch,
    payload: Payload,
    swarm: SwarmMap,
    rawCaptures: Instruments['rawCaptures'],
  ) {
    this.#lab = lab;
    this.#parts = parts;
    this.#watch = watch;
    this.payload = payload;
    this.swarm = swarm;
    this.rawCaptures = rawCaptures;
    const marked = new Set(swarm.marked);
    this.dhtRouters = swarm.dhtNodes.flatMap(({ id, addresses, port }) =>
      marked.has(id) ? [] : addresses.slice(0, 1).map((address) => ({ address, port })),
    );
  }

  /** The independent reader begins to ask, where the scenario has one. */
  askSwarm(): void {
    this.#parts.reader?.tell('begin');
  }

  /** Ends telling of marked members: who comes to them from now on has kept them. */
  forgetMarked(): void {
    this.#parts.swarm.forgetMarked();
  }

  /** An exposure of known beginning, beside the client's own. */
  plant(): void {
    this.#parts.reader?.tell('plant');
  }

  /** Software that remembers peers, and for how long by its own documentation. */
  get infrastructure(): NonNullable<TrialRecord['aftermath']>['infrastructure'] {
    const { trackers, dhtNodes } = this.swarm;
    const told = ({ seconds: expirySeconds, windowSeconds, source }: Expiry) => ({
      ...{ expirySeconds, source },
      windowSeconds: windowSeconds === null ? null : ([windowSeconds[0], windowSeconds[1]] satisfies [number, number]),
    });
    const real = this.#parts.infrastructure.map(({ infrastructure: { id, title, expiry }, version }) => ({
      ...{ id, software: title, version },
      ...told(expiry),
    }));
    const known = new Set(real.map(({ id }) => id));
    const own = (kind: 'tracker' | 'dht', software: string, members: readonly { readonly id: string }[]): typeof real =>
      members.flatMap(({ id }) =>
        known.has(id) ? [] : [{ id, software, version: 'as in package.json', ...told(INSTRUMENTED_EXPIRY[kind]) }],
      );
    return [
      ...own('tracker', 'bittorrent-tracker', trackers.filter(answers)),
      ...own('dht', 'bittorrent-dht', dhtNodes),
      ...real,
    ];
  }

  get magnet(): string {
    return magnetLink(this.payload);
  }

  /** Starts all of them side by side; resolves when each would record the next packet. */
  static async arm(lab: Lab, spec: TrialSpec, timeline: Timeline): Promise<Instruments> {
    const { clock, hosts } = lab;
    const watch = new CanaryWatch();
    const config = labSwarm({
      originUnixNs: clock.originUnixNs,
      seed: spec.seed,
      marked: spec.marked ?? false,
      announceIntervalSeconds: spec.torrent.interval,
      deafTrackers: namesDeafTrackers(spec.torrent.trackers),
      payload: { trackers: announceList(spec.torrent.trackers) },
    });
    const sorting = { watch, onEvent: (event: InstrumentEvent) => timeline.add(event) };
    const rawCaptures = (['uplink', 'wan'] as const).map((name) => ({
      name,
      file: path.join(hosts.router.folder, `${name}.pcap`),
    }));
    const capture = (name: 'uplink' | 'wan'): Promise<RunningCapture> =>
      startCapture(lab[name], {
        file: path.join(hosts.router.folder, `${name}.pcap`),
        clock,
        onFrame: ({ bytes, atNs }) => {
          if (watch.waiting) {
            const nonce = nonceIn(bytes);
            if (nonce !== null) watch.saw(name, nonce);
          }
          if (name === 'uplink' && isHandshakeInitiation(bytes, lab.identity.endpoint.port)) {
            timeline.add({ kind: 'note', atNs, text: WIREGUARD_HANDSHAKE_NOTE });
          }
        },
      });
    const [counters, uplink, wan, resolver, swarm, neighbour] = await Promise.all([
      startCounters(lab.uplink, lab.identity),
      capture('uplink'),
      capture('wan'),
      startResolver(hosts.resolver, {
        clock,
        addresses: [ADDRESS.resolver.v4, ADDRESS.resolver.v6],
        records: SWARM_NAMES,
        onEvent: (event) => passOn(event, sorting),
      }),
      startSwarm(hosts.swarm, { config, ...sorting }),
      startNeighbour(hosts.neighbour, {
        config: labNeighbour(config, 'eth0', ADDRESS.resolver.v4),
        ...sorting,
      }),
    ]);
    // Until its end: the moment may be a rekey, minutes away.
    if (isSeenOnUplink(spec.cell.moment)) uplink.follow();
    const instrumented = swarmMap(config, [ADDRESS.resolver.v4, ADDRESS.resolver.v6, lab.tunnel.config.dns]);
    const entry = config.dht[1] ?? { address: '', port: 0 };
    const { infoHash } = instrumented;
    const infrastructure = await Promise.all(
      spec.infrastructure.map((id) => startInfrastructure(infrastructureById(id), hosts.swarm, { infoHash, entry })),
    );
    const map = withInfrastructure(instrumented, infrastructure, spec.monitor !== undefined);
    const reader =
      spec.retrieval === undefined
        ? null
        : await startReader(hosts.swarm, {
            config: readerConfig(clock.originUnixNs, map, spec.retrieval.every),
            onEvent: (event) => timeline.add(event),
          });
    const asked = readerConfig(clock.originUnixNs, map, 1);
    const monitor =
      spec.monitor === undefined
        ? null
        : await startMonitor(hosts.swarm, {
            config: {
              swarm: { ...config, observers: [MONITOR] },
              everySeconds: spec.monitor.every,
              trackers: asked.trackers,
              dht: asked.dht,
            },
            onEvent: (event) => timeline.add(event),
          });
    const parts = {
      counters,
      uplink,
      wan,
      resolver,
      swarm,
      neighbour,
      reader,
      monitor,
      infrastructure,
    };
    return new Instruments(lab, parts, watch, makePayload(config.payload), map, rawCaptures);
  }

  /**
   * Sends a canary past every instrument: from the neighbour to each third party, and as raw frames from the client's
   * own link, beneath any firewall, to the captures, the counters, the sink and the neighbour.
   */
  async canaries(stage: 'before' | 'after'): Promise<Canaries> {
    const { counters, neighbour, uplink, wan } = this.#parts;
    const { identity, clock } = this.#lab;
    const nonce = canaryNonce();
    const frame = (destinationMac: string, address: string, port: number): Uint8Array =>
      udpFrame({
        sourceMac: identity.clientMac,
        destinationMac,
        source: { address: identity.lan4, port: CANARY_PORT },
        destination: { address, port },
        payload: canaryBytes(nonce),
      });
    // Opened for the round alone: the link may have been down or gone since the last one, and its socket with it.
    const frames = await startRawFrameSender(this.#lab.hosts.client, 'eth0');
    const followed = [uplink.follow(), wan.follow()];
    const others = CANARY_INSTRUMENTS.filter((instrument) => instrument !== 'counters');
    const sightings = await this.#watch.round(nonce, others, CANARY_PATIENCE_MS, async () => {
      neighbour.sendCanaries(nonce);
      await frames.send(frame(LAN_MAC, SWARM.canarySink, CANARY_PORT), clock);
      await frames.send(frame(LSD.mac, LSD.address, LSD.port), clock);
    });
    for (const each of followed) each[Symbol.dispose]();
    await frames.stop();
    const { canaries } = await counters.read();
    const seen = canaries >= this.#canaries + RAW_CANARIES;
    this.#canaries = canaries;
    return [...sightings, { instrument: 'counters', seen }].map((sighting) => ({
      ...sighting,
      stage,
    }));
  }

  /** Reads both witnesses, the counters first, and ends everything. Nothing may leave the client any more by then. */
  async stop(): Promise<Ends> {
    const { uplink, wan, counters, resolver, swarm, neighbour, reader, monitor, infrastructure } = this.#parts;
    const { witness } = await counters.read();
    const [seenUplink, seenWan] = await Promise.all([uplink.stop(), wan.stop()]);
    const others = [resolver, swarm, neighbour, reader, monitor, ...infrastructure].filter((each) => each !== null);
    const reports = await Promise.all(
      others.map(async (each) => {
        const { dropped, blind } = await each.stop();
        return { id: each.id, dropped, blind };
      }),
    );
    const captures = [
      { name: 'uplink' as const, file: 'uplink.pcapng', ...seenUplink },
      { name: 'wan' as const, file: 'wan.pcapng', ...seenWan },
    ];
    return {
      counters: witness,
      captures: captures.map(({ name, file, packets, dropped }) => ({ name, file, packets, dropped })),
      instruments: [...captures.map(({ name, dropped, blind }) => ({ id: name, dropped, blind })), ...reports],
    };
  }
}

/** Real trackers and nodes are of the swarm like the instrumented ones. */
function withInfrastructure(map: SwarmMap, running: readonly RunningInfrastructure[], withMonitor: boolean): SwarmMap {
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

/** One more address behind a tracker's name, where nobody answers, has nothing to be asked. */
function answers(tracker: SwarmMap['trackers'][number]): boolean {
  return tracker.answers !== false;
}

function readerConfig(originUnixNs: bigint, map: SwarmMap, everySeconds: number): RetrievalConfig {
  const first = (addresses: readonly string[]): string => addresses[0] ?? '';
  return {
    originUnixNs: originUnixNs.toString(),
    infoHash: map.infoHash,
    everySeconds,
    vantages: VANTAGES,
    trackers: map.trackers.filter(answers).map(({ id, addresses, httpPort, udpPort }) => ({
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

/** Ethernet, IPv4 without options, UDP, then a WireGuard handshake initiation: type 1 and 148 bytes (its paper, 5.4.2). */
function isHandshakeInitiation(frame: Uint8Array, port: number): boolean {
  const PAYLOAD = 14 + 20 + 8;
  return (
    frame.length === PAYLOAD + 148 &&
    frame[12] === 0x08 &&
    frame[13] === 0x00 &&
    frame[14] === 0x45 &&
    frame[23] === PROTOCOL.udp &&
    frame[36] === port >> 8 &&
    frame[37] === (port & 0xff) &&
    frame[PAYLOAD] === 1
  );
}
