/** Every instrument of a trial: armed together, proved by canaries before and after, and read at the end. */
import type { Lab } from '../../contracts/lab.ts';
import { CanaryWatch } from '../../probes/canary-watch.ts';
import { magnetLink, makePayload, type Payload } from '../../probes/torrent-payload.ts';
import type { SwarmMap } from '../../records/identity.ts';
import type { TrialRecord, WitnessCount } from '../../records/trial-record.ts';
import { CanaryRounds } from './canary-round.ts';
import type { Timeline } from './live-timeline.ts';
import { isSeenOnUplink } from './moments.ts';
import { startParties, stopParties, type Parties } from './parties.ts';
import type { TrialSpec } from './spec.ts';
import { dhtRouters, memories } from './swarm-map.ts';
import { Witnesses } from './witnesses.ts';

/** What the instruments leave in the record at their end. */
interface Ends {
  readonly counters: WitnessCount;
  readonly captures: TrialRecord['captures'];
  readonly instruments: NonNullable<TrialRecord['instruments']>;
}

export class Instruments {
  readonly payload: Payload;
  readonly dhtRouters: readonly { readonly address: string; readonly port: number }[];
  readonly #witnesses: Witnesses;
  readonly #parties: Parties;
  readonly #rounds: CanaryRounds;

  private constructor(witnesses: Witnesses, parties: Parties, rounds: CanaryRounds) {
    this.#witnesses = witnesses;
    this.#parties = parties;
    this.#rounds = rounds;
    this.payload = makePayload(parties.config.payload);
    this.dhtRouters = dhtRouters(parties.map);
  }

  /** Starts all of them side by side; resolves when each would record the next packet. */
  static async arm(lab: Lab, spec: TrialSpec, timeline: Timeline): Promise<Instruments> {
    const watch = new CanaryWatch();
    const [witnesses, parties] = await Promise.all([
      Witnesses.arm(lab, watch, timeline),
      startParties(lab, spec, watch, timeline),
    ]);
    // Until its end: the moment may be a rekey, minutes away.
    if (isSeenOnUplink(spec.cell.moment)) witnesses.followUplink();
    const rounds = new CanaryRounds(lab, watch, witnesses, (nonce) => parties.neighbour.sendCanaries(nonce));
    return new Instruments(witnesses, parties, rounds);
  }

  /** Members of the swarm, for the record. */
  get swarm(): SwarmMap {
    return this.#parties.map;
  }

  get rawCaptures(): Witnesses['rawCaptures'] {
    return this.#witnesses.rawCaptures;
  }

  /** Software that remembers peers, and for how long by its own documentation. */
  get infrastructure(): NonNullable<TrialRecord['aftermath']>['infrastructure'] {
    return memories(this.#parties.map, this.#parties.infrastructure);
  }

  get magnet(): string {
    return magnetLink(this.payload);
  }

  /** Begins the retrieval, where the scenario has one. */
  beginRetrieval(): void {
    this.#parties.retrieval?.tell('begin');
  }

  /** Ends telling of marked members: who comes to them from now on has kept them. */
  forgetMarked(): void {
    this.#parties.swarm.forgetMarked();
  }

  /** Announces an address of the lab's own: an exposure of known beginning, beside the client's. */
  plant(): void {
    this.#parties.retrieval?.tell('plant');
  }

  /** Sends a canary past every instrument. */
  canaries(stage: 'before' | 'after'): Promise<TrialRecord['canaries']> {
    return this.#rounds.round(stage);
  }

  /** Reads both witnesses, then ends everything else. Nothing may leave the client any more by then. */
  async stop(): Promise<Ends> {
    const { counters, captures, reports } = await this.#witnesses.stop();
    return { counters, captures, instruments: [...reports, ...(await stopParties(this.#parties))] };
  }
}
