/**
 * The retrieval: `node retrieval.js CONFIG.json`, run beside the swarm and apart from it. From `begin` on it asks
 * trackers, DHT nodes and peers, at a fixed interval, whom they would send others to, and prints one line per answer.
 *
 * It sees what is handed out to a stranger who asks; it does not see what is kept and not handed out.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Clock } from '../../contracts/clock.ts';
import type { RetrievalEvent } from '../../records/timeline.ts';
import { serve, type Serving } from '../../programs/waiting.ts';
import { retrievalCommandSchema, retrievalConfigSchema, type RetrievalConfig } from './retrieval-config.ts';
import { DhtAsker } from './ask-dht.ts';
import { pexPeers } from './ask-pex.ts';
import { UdpTracker, announceHttp, scrapeHttp, type Announce } from './ask-tracker.ts';
import type { Endpoint } from '../../records/identity.ts';

const RECALIBRATE_MS = 60_000;
/** What the retrieval says it listens on while it has to be a member: discard, where nobody answers. */
const RETRIEVAL_PORT = 9;

type Via = Extract<RetrievalEvent, { kind: 'retrieval' }>['via'];
type Tracker = RetrievalConfig['trackers'][number];

class Retrieval {
  readonly #config: RetrievalConfig;
  readonly #clock: Clock;
  readonly #print: (line: RetrievalEvent) => void;
  readonly #askers: readonly DhtAsker[];
  readonly #planter: DhtAsker;
  #round = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    config: RetrievalConfig,
    clock: Clock,
    askers: readonly DhtAsker[],
    planter: DhtAsker,
    print: (line: RetrievalEvent) => void,
  ) {
    this.#config = config;
    this.#clock = clock;
    this.#askers = askers;
    this.#planter = planter;
    this.#print = print;
  }

  begin(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#ask(), this.#config.everySeconds * 1000);
    this.#ask();
  }

  /** Announces the planted address to every tracker and DHT node, or leaves the trackers again. */
  async plant(event: 'started' | 'stopped'): Promise<void> {
    const { plant, trackers, dht, infoHash } = this.#config;
    const announce: Announce = { infoHash, peerId: idOf(`planted ${plant.address}`), port: plant.port, event };
    const planted = (asked: string, via: Via, taken: boolean): void =>
      this.#print({ kind: 'planted', atNs: this.#clock.nowNs(), asked, via, address: plant.address, event, taken });
    await Promise.all([
      ...trackers.map(async ({ id, address4, httpPort }) => {
        const taken = await announceHttp(plant.address, { address: address4, port: httpPort }, announce);
        planted(id, 'tracker-http', taken !== null);
      }),
      ...(event === 'stopped' ? [] : dht).map(async (node) => {
        planted(node.id, 'dht', await this.#planter.announce(node, infoHash, plant.port));
      }),
    ]);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const asker of [...this.#askers, this.#planter]) asker.close();
  }

  /** One round: every party at once, each DHT node from every vantage. Answers are printed as they come. */
  #ask(): void {
    const { vantages, trackers, dht, peers, infoHash } = this.#config;
    const vantage = vantages[this.#round % vantages.length];
    this.#round += 1;
    if (vantage === undefined) return;
    const { address4, address6 } = vantage;
    for (const tracker of trackers) {
      this.#askTracker(tracker, tracker.address4, address4);
      if (tracker.address6 !== null) this.#askTracker(tracker, tracker.address6, address6);
    }
    for (const node of dht) {
      for (const asker of this.#askers) {
        void asker.getPeers(node, infoHash).then((answer) => {
          this.#answered(node.id, 'dht', asker.address, answer?.peers ?? null);
        });
      }
    }
    for (const peer of peers) {
      void pexPeers(address4, peer, infoHash, idOf(`retrieval ${address4}`).toString('hex')).then((told) => {
        this.#answered(peer.id, 'pex', address4, told);
      });
    }
  }

  #askTracker(tracker: Tracker, address: string, from: string): void {
    const { infoHash } = this.#config;
    const http = { address, port: tracker.httpPort };
    const udp = new UdpTracker(from, { address, port: tracker.udpPort });
    const join = { infoHash, peerId: idOf(`retrieval ${from}`), port: RETRIEVAL_PORT };
    const ask = async (announce: (as: Announce) => Promise<Endpoint[] | null>): Promise<Endpoint[] | null> => {
      if (!tracker.membersOnly) return announce({ ...join, event: 'stopped' });
      const told = await announce({ ...join, event: 'started' });
      await announce({ ...join, event: 'stopped' });
      return told;
    };
    void (async () => {
      const told = await ask((announce) => announceHttp(from, http, announce));
      this.#answered(tracker.id, 'tracker-http', from, told, await scrapeHttp(from, http, infoHash));
    })();
    void (async () => {
      const told = await ask((announce) => udp.announce(announce));
      this.#answered(tracker.id, 'tracker-udp', from, told, await udp.scrape(infoHash));
    })();
  }

  #answered(
    asked: string,
    via: Via,
    asker: string,
    told: readonly Endpoint[] | null,
    count: number | null = null,
  ): void {
    const addresses = [...new Set((told ?? []).map(({ address }) => address))].filter((address) => address !== asker);
    this.#print({
      kind: 'retrieval',
      atNs: this.#clock.nowNs(),
      asked,
      via,
      asker,
      answered: told !== null,
      addresses,
      count,
    });
  }
}

function idOf(text: string): Buffer {
  return Buffer.concat([Buffer.from('-KL0001-', 'latin1'), createHash('sha1').update(text).digest().subarray(0, 12)]);
}

async function start(file: string, print: (line: object) => void): Promise<Serving> {
  const config = retrievalConfigSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const clock = new Clock(BigInt(config.originUnixNs));
  const recalibrating = setInterval(() => clock.recalibrate(), RECALIBRATE_MS);
  const askers = await Promise.all(config.vantages.map(({ address4 }) => DhtAsker.open(address4)));
  const retrieval = new Retrieval(config, clock, askers, await DhtAsker.open(config.plant.address), print);
  print({ ready: true });
  return {
    onLine: async (line) => {
      const { command } = retrievalCommandSchema.parse(JSON.parse(line));
      if (command === 'begin') retrieval.begin();
      else await retrieval.plant(command === 'plant' ? 'started' : 'stopped');
    },
    stop: () => {
      clearInterval(recalibrating);
      retrieval.stop();
    },
  };
}

await serve(start);
