/**
 * IP addresses as numbers, so that a captured address is compared without making a string of it.
 * Says nothing about who an address belongs to.
 */
import { ipBytes } from '../../records/ip-address.ts';

/** An address as four 32-bit words, most significant first; an IPv4 address is the last word, the others are 0. */
export interface Address {
  readonly version: 4 | 6;
  readonly words: readonly [number, number, number, number];
}

/** Reads an address from text. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 one; a zone (`%eth0`) is dropped. */
export function parseAddress(text: string): Address {
  const bytes = ipBytes(text.replace(/%.*$/, ''));
  if (bytes === null) throw new TypeError(`«${text}» is not an IP address: give one like 192.0.2.1 or 2001:db8::1`);
  const word = (at: number): number => bytes.slice(at, at + 4).reduce((sum, byte) => sum * 256 + byte, 0);
  if (bytes.length === 4) return { version: 4, words: [0, 0, 0, word(0)] };
  const words: Address['words'] = [word(0), word(4), word(8), word(12)];
  const mapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return mapped ? { version: 4, words: [0, 0, 0, words[3]] } : { version: 6, words };
}

/** One text for every way of writing the same address; text that is no address is given back as it came. */
export function canonicalAddress(text: string): string {
  try {
    return addressKey(...parseAddress(text).words);
  } catch {
    return text;
  }
}

/** Text key of an address given as four words. Not for people: see `formatAddress`. */
export function addressKey(a: number, b: number, c: number, d: number): string {
  return `${a.toString(16)}:${b.toString(16)}:${c.toString(16)}:${d.toString(16)}`;
}

/** `[address]:port` or `address:port`, split; null when the text is neither. */
export function splitEndpoint(text: string): { address: string; port: number } | null {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (address === undefined || !(port <= 65535)) return null;
  return { address, port };
}

/** A few addresses, looked up straight from captured bytes: scanning a short array beats hashing. */
export class AddressSet {
  readonly #v4: Uint32Array;
  readonly #v6: Address['words'][] = [];

  constructor(addresses: Iterable<string>) {
    const v4: number[] = [];
    for (const text of addresses) {
      const { version, words } = parseAddress(text);
      if (version === 4) v4.push(words[3]);
      else this.#v6.push(words);
    }
    this.#v4 = Uint32Array.from(v4);
  }

  has4(view: DataView, at: number): boolean {
    const word = view.getUint32(at);
    for (const known of this.#v4) {
      if (known === word) return true;
    }
    return false;
  }

  has6(view: DataView, at: number): boolean {
    for (const words of this.#v6) {
      // The last words tell addresses of one network apart soonest.
      if (
        view.getUint32(at + 12) === words[3] &&
        view.getUint32(at + 8) === words[2] &&
        view.getUint32(at + 4) === words[1] &&
        view.getUint32(at) === words[0]
      ) {
        return true;
      }
    }
    return false;
  }
}

/** A few addresses, each with the port that counts, looked up straight from captured bytes. */
export class EndpointSet {
  readonly #endpoints: readonly { readonly set: AddressSet; readonly port: number }[];

  constructor(endpoints: Iterable<{ readonly address: string; readonly port: number }>) {
    this.#endpoints = Array.from(endpoints, ({ address, port }) => ({ set: new AddressSet([address]), port }));
  }

  has(view: DataView, at: number, v6: boolean, port: number): boolean {
    return this.#endpoints.some(
      (each) => each.port === port && (v6 ? each.set.has6(view, at) : each.set.has4(view, at)),
    );
  }

  /** Whether the set has the address with whatever port: for what has none, such as a later fragment. */
  hasAddress(view: DataView, at: number, v6: boolean): boolean {
    return this.#endpoints.some(({ set }) => (v6 ? set.has6(view, at) : set.has4(view, at)));
  }
}
