/**
 * Tells which frames leave the client, by the Ethernet address it sends from where that is known, else by its addresses,
 * which also teach the Ethernet address, so that its frames from any other source address are recognised too.
 */
import { AddressSet } from '../capture/address.ts';
import { type Headers, NETWORK } from '../capture/headers.ts';
import { RequestError } from '../../contracts/errors.ts';

/** An ARP packet for IPv4 over Ethernet has the sender's IPv4 address at this offset, and 28 bytes. */
const ARP_SENDER_AT = 14;
const ARP_BYTES = 28;

export class LeavingRule {
  #macHigh = 0;
  #macLow = 0;
  /** The client's Ethernet address was given, or has been learnt. */
  knowsMac = false;
  readonly #macGiven: boolean;
  readonly #addresses: AddressSet;

  constructor(client: {
    readonly mac: string | null;
    readonly real: readonly string[];
    readonly tunnel: readonly string[];
  }) {
    this.#addresses = new AddressSet([...client.real, ...client.tunnel]);
    this.#macGiven = client.mac !== null;
    if (client.mac !== null) this.#setMac(client.mac);
  }

  /** Compares an Ethernet address, given as its upper 16 and lower 32 bits. */
  isClientMac(high: number, low: number): boolean {
    return low === this.#macLow && high === this.#macHigh;
  }

  leaves(headers: Headers, view: DataView): boolean {
    if (headers.hasMac && this.knowsMac && this.isClientMac(headers.macHigh, headers.macLow)) return true;
    if (headers.hasMac && this.#macGiven) return false;
    if (!this.#isFromClientAddress(headers, view)) return false;
    if (headers.hasMac && !this.knowsMac) {
      this.#macHigh = headers.macHigh;
      this.#macLow = headers.macLow;
      this.knowsMac = true;
    }
    return true;
  }

  #isFromClientAddress(headers: Headers, view: DataView): boolean {
    switch (headers.network) {
      case NETWORK.ip4:
        return this.#addresses.has4(view, headers.sourceAt);
      case NETWORK.ip6:
        return this.#addresses.has6(view, headers.sourceAt);
      case NETWORK.arp:
        return (
          headers.end - headers.networkAt >= ARP_BYTES && this.#addresses.has4(view, headers.networkAt + ARP_SENDER_AT)
        );
      default:
        return false;
    }
  }

  #setMac(text: string): void {
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) {
      throw new RequestError(`«${text}» is not an Ethernet address: give one like 02:00:00:00:00:01`);
    }
    const digits = text.replaceAll(':', '');
    this.#macHigh = parseInt(digits.slice(0, 4), 16);
    this.#macLow = parseInt(digits.slice(4), 16);
    this.knowsMac = true;
  }
}
