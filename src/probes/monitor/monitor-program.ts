/**
 * The monitor: `node monitor.js CONFIG.json`, run beside the swarm. It prints one line for each address it is told of for
 * the first time, by whom, and the sightings of its own connections; together they are the rows of its evidence: address,
 * port, client, info-hash, time.
 */
import { readFileSync } from 'node:fs';
import { Clock } from '../../contracts/clock.ts';
import type { MonitorEvent } from '../../records/timeline.ts';
import { serve, type Serving } from '../../programs/waiting.ts';
import { monitorConfigSchema, type MonitorConfig } from './monitor-config.ts';
import { makePayload } from '../torrent-payload.ts';
import { DhtAsker } from '../retrieval/ask-dht.ts';
import { UdpTracker, announceHttp, type AnnounceEvent } from '../retrieval/ask-tracker.ts';
import type { Endpoint } from '../../records/identity.ts';
import { endpointText } from '../swarm/compact.ts';
import { Observer } from '../swarm/observer.ts';

const RECALIBRATE_MS = 60_000;

class Monitor {
  readonly #config: MonitorConfig;
  readonly #observer: Observer;
  readonly #dht: DhtAsker;
  readonly #infoHash: string;
  readonly #named: (at: Endpoint, via: MonitorEvent['via'], by: string) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    config: MonitorConfig,
    observer: Observer,
    dht: DhtAsker,
    infoHash: string,
    report: (event: Omit<MonitorEvent, 'atNs'>) => void,
  ) {
    this.#config = config;
    this.#observer = observer;
    this.#dht = dht;
    this.#infoHash = infoHash;
    const known = new Set<string>();
    this.#named = (at, via, by) => {
      const key = `${via} ${endpointText(at)}`;
      if (!known.has(key)) report({ kind: 'monitor-named', via, by, address: at.address, port: at.port });
      known.add(key);
      this.#observer.learn(at);
    };
  }

  begin(): void {
    this.#ask('started');
    this.#timer = setInterval(() => this.#ask('update'), this.#config.everySeconds * 1000);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#observer.stop();
    this.#dht.close();
  }

  /** Asks each tracker over HTTP and UDP, by each family it has; each DHT node once. */
  #ask(event: AnnounceEvent): void {
    const { address4, address6, port } = this.#observer.config;
    const announce = {
      infoHash: this.#infoHash,
      peerId: Buffer.from(this.#observer.peerId, 'hex'),
      port,
      event,
    };
    for (const tracker of this.#config.trackers) {
      const ways = [
        { from: address4, to: tracker.address4 },
        ...(address6 === null || tracker.address6 === null ? [] : [{ from: address6, to: tracker.address6 }]),
      ];
      for (const { from, to } of ways) {
        const http = announceHttp(from, { address: to, port: tracker.httpPort }, announce);
        const udp = new UdpTracker(from, { address: to, port: tracker.udpPort }).announce(announce);
        for (const answer of [http, udp]) {
          void answer.then((peers) => peers?.forEach((peer) => this.#named(peer, 'tracker', tracker.id)));
        }
      }
    }
    for (const node of this.#config.dht) {
      void this.#dht.getPeers(node, this.#infoHash).then((answer) => {
        answer?.peers.forEach((peer) => this.#named(peer, 'dht', node.id));
      });
    }
  }
}

async function start(file: string, print: (line: object) => void): Promise<Serving> {
  const config = monitorConfigSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const [own] = config.swarm.observers;
  if (own === undefined) throw new Error('The monitor has no address: its configuration names no observer.');
  const clock = new Clock(BigInt(config.swarm.originUnixNs));
  const recalibrating = setInterval(() => clock.recalibrate(), RECALIBRATE_MS);
  const payload = makePayload(config.swarm.payload);
  const observer = await Observer.start(own, config.swarm, {
    clock,
    payload,
    report: print,
    onPeerLearnt: () => undefined,
    warn: (member, error) => process.stderr.write(`${member}: ${error.message}\n`),
  });
  const dht = await DhtAsker.open(own.address4);
  const monitor = new Monitor(config, observer, dht, payload.infoHash, (event) =>
    print({ ...event, atNs: clock.nowNs() }),
  );
  print({ ready: true, infoHash: payload.infoHash });
  monitor.begin();
  return {
    stop: () => {
      clearInterval(recalibrating);
      monitor.stop();
    },
  };
}

await serve(start);
