/** The lab's swarm at work in a small lab, for tests of what it sees: what it reports, and what a client is given to meet it. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Clock } from '../../src/contracts/clock.ts';
import type { ClientJob } from '../../src/contracts/client.ts';
import type { Host } from '../../src/contracts/host.ts';
import { CanaryWatch } from '../../src/probes/canary-watch.ts';
import { type RunningSwarm, startSwarm } from '../../src/probes/swarm-client.ts';
import { magnetLink, makePayload, type Payload } from '../../src/probes/torrent-payload.ts';
import { labSwarm, type SwarmConfig } from '../../src/probes/swarm/swarm-config.ts';
import type { InstrumentEvent } from '../../src/records/timeline.ts';
import { openSmallLab, type SmallLab } from './small-lab.ts';

type Kind = InstrumentEvent['kind'];
export type Event<K extends Kind> = Extract<InstrumentEvent, { kind: K }>;

/** Events as they come, and a way to wait for one. */
class Sightings {
  readonly all: InstrumentEvent[] = [];
  #onEvent: () => void = () => undefined;

  add(event: InstrumentEvent): void {
    this.all.push(event);
    this.#onEvent();
  }

  of<K extends Kind>(kind: K): Event<K>[] {
    return this.all.filter((event): event is Event<K> => event.kind === kind);
  }

  /** The first `count` events of a kind that fit; the test's own time-out bounds the wait. */
  async wait<K extends Kind>(
    kind: K,
    count: number,
    fits: (event: Event<K>) => boolean = () => true,
  ): Promise<Event<K>[]> {
    for (;;) {
      const found = this.of(kind).filter(fits);
      if (found.length >= count) return found.slice(0, count);
      await new Promise<void>((resolve) => (this.#onEvent = resolve));
    }
  }
}

const TRACKERS = ['http://198.18.0.10:6969/announce', 'udp://198.18.0.10:6969/announce'];
/** Bytes per second that an observer uploads at most. */
export const RATE = 64 * 1024;
export const KNOCKS = { everySeconds: 0.4, attempts: 3 };
export const CLIENT_PORT = 51_000;

/** Runs a Node program on a host and gives what it prints. */
export async function script(host: Host, source: string): Promise<string> {
  const { stdout } = await host.run([process.execPath, '--input-type=module', '-e', source]);
  return stdout.trim();
}

export class SwarmBench implements AsyncDisposable {
  readonly clock: Clock;
  readonly config: SwarmConfig;
  readonly payload: Payload;
  readonly lab: SmallLab;
  /** What the swarm has reported since it was started last. */
  seen = new Sightings();
  #swarm: RunningSwarm | undefined;

  private constructor(clock: Clock, config: SwarmConfig, lab: SmallLab) {
    this.clock = clock;
    this.config = config;
    this.payload = makePayload(config.payload);
    this.lab = lab;
  }

  static async open(): Promise<SwarmBench> {
    const clock = new Clock();
    const config = labSwarm({
      originUnixNs: clock.originUnixNs,
      seed: 11,
      uploadBytesPerSecond: RATE,
      payload: { trackers: TRACKERS.map((tracker) => [tracker]), nodes: [{ host: '198.18.20.1', port: 6881 }] },
      features: { knocks: KNOCKS },
    });
    return new SwarmBench(clock, config, await openSmallLab(config));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
  }

  /** Starts a swarm that nobody has met. */
  async start(): Promise<void> {
    const seen = new Sightings();
    this.seen = seen;
    this.#swarm = await startSwarm(this.lab.swarm, {
      config: this.config,
      onEvent: (event) => seen.add(event),
      watch: new CanaryWatch(),
    });
  }

  /** Ends the swarm, which has to say that it saw throughout. */
  async stop(): Promise<void> {
    assert.deepEqual(await this.#swarm?.stop(), { dropped: null, blind: null });
  }

  /** What a client is to do on the client's host, in a folder of that name. */
  async job(name: string, torrent: 'file' | 'magnet', utp: 'on' | 'default'): Promise<ClientJob> {
    const folder = path.join(this.lab.client.folder, name);
    await mkdir(path.join(folder, 'state'), { recursive: true });
    await mkdir(path.join(folder, 'download'), { recursive: true });
    await writeFile(path.join(folder, 'lab.torrent'), this.payload.torrentFile);
    return {
      torrent: torrent === 'file' ? { file: path.join(folder, 'lab.torrent') } : { magnet: magnetLink(this.payload) },
      stateFolder: path.join(folder, 'state'),
      downloadFolder: path.join(folder, 'download'),
      binding: { kind: 'none' },
      features: { dht: 'on', pex: 'on', lsd: 'default', portMapping: 'default', utp, encryption: 'default' },
      peerPort: CLIENT_PORT,
      controlPort: 52_000,
      dhtBootstrap: this.config.dht.map(({ address, port }) => ({ address, port })),
    };
  }
}

/** Has the description it is called in open a bench and start a swarm for each of its tests, which get the bench from it. */
export function swarmBench(): () => SwarmBench {
  let opened: SwarmBench | undefined;
  const bench = (): SwarmBench =>
    opened ?? assert.fail('the bench is opened before the tests, not while they are named');
  before(async () => {
    opened = await SwarmBench.open();
  });
  after(async () => {
    await opened?.[Symbol.asyncDispose]();
  });
  beforeEach(() => bench().start());
  afterEach(() => bench().stop());
  return bench;
}
