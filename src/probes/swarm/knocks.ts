/**
 * How one observer follows up what it learns: an address new to it is tried at once and then at a fixed interval, so
 * often in all, over TCP and uTP in turn (IPv6: TCP alone), as peers in a real swarm do. Tries stop while the peer is
 * connected and go on after it left. There is nothing here to get through a NAT: whether a try arrives is for the
 * capture to say.
 */
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../../records/identity.ts';
import { endpointText } from './compact.ts';
import type { SwarmConfig } from './swarm-config.ts';
import type { Transport } from './connection.ts';

/** Most addresses kept, more than one client can have; a flood of invented ones stops here. */
const MOST_ADDRESSES = 64;

interface Lead {
  readonly at: Endpoint;
  tries: number;
  timer: NodeJS.Timeout | null;
}

export class Knocks {
  readonly #rule: NonNullable<SwarmConfig['features']['knocks']>;
  readonly #utp: boolean;
  readonly #dial: (at: Endpoint, transport: Transport) => void;
  readonly #isConnected: (at: Endpoint) => boolean;
  readonly #leads = new Map<string, Lead>();

  constructor(
    rule: NonNullable<SwarmConfig['features']['knocks']>,
    utp: boolean,
    dial: (at: Endpoint, transport: Transport) => void,
    isConnected: (at: Endpoint) => boolean,
  ) {
    this.#rule = rule;
    this.#utp = utp;
    this.#dial = dial;
    this.#isConnected = isConnected;
  }

  learn(at: Endpoint): void {
    const key = endpointText(at);
    if (this.#leads.has(key) || this.#leads.size >= MOST_ADDRESSES) return;
    const lead: Lead = { at, tries: 0, timer: null };
    this.#leads.set(key, lead);
    this.#try(lead);
  }

  /** Tells that a peer that could be reached there has gone. */
  lost(at: Endpoint): void {
    const lead = this.#leads.get(endpointText(at));
    if (lead?.timer === null) this.#tryLater(lead);
  }

  stop(): void {
    for (const { timer } of this.#leads.values()) if (timer !== null) clearTimeout(timer);
    this.#leads.clear();
  }

  #try(lead: Lead): void {
    lead.timer = null;
    if (this.#isConnected(lead.at)) return;
    const transport = this.#utp && !isIPv6(lead.at.address) && lead.tries % 2 === 1 ? 'utp' : 'tcp';
    lead.tries++;
    this.#dial(lead.at, transport);
    this.#tryLater(lead);
  }

  #tryLater(lead: Lead): void {
    if (lead.tries >= this.#rule.attempts) return;
    lead.timer = setTimeout(() => this.#try(lead), this.#rule.everySeconds * 1000);
  }
}
