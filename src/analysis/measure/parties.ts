/**
 * Which third party of the swarm is at an address: by address and port where several share one, else by the address.
 * Resolvers are not among them: they only ever answer, and each question put to them is an event of its own.
 */
import type { SwarmMap } from '../../records/identity.ts';
import type { Party } from '../../records/vocabulary.ts';
import { AddressSet, addressKey, parseAddress } from '../capture/address.ts';

export interface SwarmParty {
  readonly party: Party;
  readonly id: string;
}

export class SwarmParties {
  readonly #byKey = new Map<string, SwarmParty>();
  readonly #addresses: AddressSet;

  constructor({ trackers, dhtNodes, peers }: SwarmMap) {
    for (const { id, addresses, httpPort, udpPort } of trackers) {
      this.#add({ party: 'tracker', id }, addresses, [httpPort, udpPort]);
    }
    for (const { id, addresses, port } of dhtNodes) this.#add({ party: 'dht', id }, addresses, [port]);
    for (const { id, addresses, port } of peers) this.#add({ party: 'peer', id }, addresses, [port]);
    this.#addresses = new AddressSet([...trackers, ...dhtNodes, ...peers].flatMap(({ addresses }) => addresses));
  }

  has(view: DataView, at: number, v6: boolean): boolean {
    return v6 ? this.#addresses.has6(view, at) : this.#addresses.has4(view, at);
  }

  /** Who is there; null for a stranger. Makes strings: ask once a flow. */
  find(view: DataView, at: number, v6: boolean, port: number): SwarmParty | null {
    const address = keyAt(view, at, v6);
    return this.#byKey.get(`${address}/${port}`) ?? this.#byKey.get(address) ?? null;
  }

  #add(party: SwarmParty, addresses: readonly string[], ports: readonly (number | null)[]): void {
    for (const text of addresses) {
      const address = addressKey(...parseAddress(text).words);
      if (!this.#byKey.has(address)) this.#byKey.set(address, party);
      for (const port of ports) this.#byKey.set(`${address}/${port}`, party);
    }
  }
}

/** The key of a captured address, as `addressKey` makes it. */
export function keyAt(view: DataView, at: number, v6: boolean): string {
  if (!v6) return addressKey(0, 0, 0, view.getUint32(at));
  return addressKey(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12));
}
