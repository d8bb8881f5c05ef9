/**
 * Tells which frames leave the client: by the Ethernet address it was said to send from; else by its addresses and by the
 * Ethernet addresses that the capture shows to be its own, so that its frames from other source addresses are recognised too.
 */
import { AddressSet } from '../capture/address.ts';
import { type Headers, NETWORK } from '../capture/headers.ts';
import { RequestError } from '../../contracts/errors.ts';

/** An ARP packet for IPv4 over Ethernet has the sender's IPv4 address at this offset, and 28 bytes. */
const ARP_SENDER_AT = 14;
const ARP_BYTES = 28;

export class LeavingRule {
  readonly #macs: readonly { readonly high: number; readonly low: number }[];
  /** The client's Ethernet address was given, or learnt from the capture. */
  readonly knowsMac: boolean;
  readonly #macGiven: boolean;
  readonly #addresses: AddressSet;

  constructor(client: {
    readonly mac: string | null;
    readonly learntMacs?: readonly string[];
    readonly real: readonly string[];
    readonly tunnel: readonly string[];
  }) {
    this.#addresses = new AddressSet([...client.real, ...client.tunnel]);
    this.#macGiven = client.mac !== null;
    this.#macs = (client.mac === null ? (client.learntMacs ?? []) : [client.mac]).map(parseMac);
    this.knowsMac = this.#macs.length > 0;
  }

  /** Compares an Ethernet address, given as its upper 16 and lower 32 bits. */
  isClientMac(high: number, low: number): boolean {
    for (const mac of this.#macs) if (low === mac.low && high === mac.high) return true;
    return false;
  }

  leaves(headers: Headers, view: DataView): boolean {
    if (headers.hasMac && this.isClientMac(headers.macHigh, headers.macLow)) return true;
    if (headers.hasMac && this.#macGiven) return false;
    return this.#isFromClientAddress(headers, view);
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
}

/** @throws RequestError for what is no Ethernet address. */
export function parseMac(text: string): { readonly high: number; readonly low: number } {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) {
    throw new RequestError(`«${text}» is not an Ethernet address: give one like 02:00:00:00:00:01`);
  }
  const digits = text.replaceAll(':', '');
  return { high: parseInt(digits.slice(0, 4), 16), low: parseInt(digits.slice(4), 16) };
}
