/**
 * The rounds of canaries of a trial, past every instrument: from the neighbour to each third party, and as raw frames from
 * the client's own link, beneath any firewall, to the captures, the counters, the sink and the neighbour.
 */
import { LAN_MAC, SWARM } from '../../contracts/addresses.ts';
import type { Lab } from '../../contracts/lab.ts';
import { CANARY_INSTRUMENTS, type CanaryWatch } from '../../probes/canary-watch.ts';
import { canaryBytes, canaryNonce } from '../../probes/canary.ts';
import { udpFrame } from '../../probes/ethernet-frame.ts';
import { startRawFrameSender } from '../../probes/raw-frame-sender.ts';
import { CANARY_PORT } from '../../records/canary.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import type { Witnesses } from './witnesses.ts';

/** Milliseconds: a canary crosses the lab in some; an instrument that has not seen it after this long is blind. */
const PATIENCE_MS = 3000;
/** Raw canaries of each round. */
const RAW_CANARIES = 2;
/** LSD's group (BEP 14) and its Ethernet address (RFC 1112): the canary that the neighbour hears. */
const LSD = { address: '239.192.152.143', port: 6771, mac: '01:00:5e:40:98:8f' };

export class CanaryRounds {
  readonly #lab: Lab;
  readonly #watch: CanaryWatch;
  readonly #witnesses: Witnesses;
  readonly #sendToParties: (nonce: string) => void;
  /** Number of canaries counted so far. */
  #counted = 0;

  constructor(lab: Lab, watch: CanaryWatch, witnesses: Witnesses, sendToParties: (nonce: string) => void) {
    this.#lab = lab;
    this.#watch = watch;
    this.#witnesses = witnesses;
    this.#sendToParties = sendToParties;
  }

  /** Sends the canaries of one round; gives what each instrument did with them. */
  async round(stage: 'before' | 'after'): Promise<TrialRecord['canaries']> {
    const { clock, hosts } = this.#lab;
    const nonce = canaryNonce();
    // Opened for the round alone: the link may have been down or gone since the last one, and its socket with it.
    const frames = await startRawFrameSender(hosts.client, 'eth0');
    const others = CANARY_INSTRUMENTS.filter((instrument) => instrument !== 'counters');
    const followed = this.#witnesses.follow();
    const sightings = await this.#watch.round(nonce, others, PATIENCE_MS, async () => {
      this.#sendToParties(nonce);
      await frames.send(this.#frame(nonce, LAN_MAC, { address: SWARM.canarySink, port: CANARY_PORT }), clock);
      await frames.send(this.#frame(nonce, LSD.mac, LSD), clock);
    });
    followed[Symbol.dispose]();
    await frames.stop();
    const counted = await this.#witnesses.countedCanaries();
    const seen = counted >= this.#counted + RAW_CANARIES;
    this.#counted = counted;
    return [...sightings, { instrument: 'counters', seen }].map((sighting) => ({ ...sighting, stage }));
  }

  #frame(nonce: string, destinationMac: string, { address, port }: { address: string; port: number }): Uint8Array {
    const { clientMac, lan4 } = this.#lab.identity;
    return udpFrame({
      sourceMac: clientMac,
      destinationMac,
      source: { address: lan4, port: CANARY_PORT },
      destination: { address, port },
      payload: canaryBytes(nonce),
    });
  }
}
