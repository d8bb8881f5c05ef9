/** How far a packet was going: to the local link, a group or the home router, or beyond. */
import type { Identity } from '../../records/identity.ts';
import { parseAddress } from '../capture/address.ts';
import { type Headers, NETWORK } from '../capture/headers.ts';

/** The home network's prefix is taken for a /24 and a /64, which is what home routers hand out. */
const LAN4_MASK = 0xffffff00;

export class LinkScope {
  readonly #lan4: number;
  readonly #lan6: readonly [number, number] | null;

  constructor({ lan4, lan6 }: Identity) {
    this.#lan4 = (parseAddress(lan4).words[3] & LAN4_MASK) >>> 0;
    const words = lan6 === null ? null : parseAddress(lan6).words;
    this.#lan6 = words === null ? null : [words[0], words[1]];
  }

  /** The scope of a frame whose headers have been read. What is no IP goes to the local link by its nature. */
  of(headers: Headers, view: DataView): 'path' | 'lan' {
    const { network, destinationAt } = headers;
    if (network === NETWORK.ip4) return this.#isLocal4(view.getUint32(destinationAt)) ? 'lan' : 'path';
    if (network === NETWORK.ip6) return this.#isLocal6(view, destinationAt) ? 'lan' : 'path';
    return network === NETWORK.unreadable4 || network === NETWORK.unreadable6 ? 'path' : 'lan';
  }

  /** The home network; groups (224.0.0.0/4), which no home router forwards; link-local 169.254.0.0/16; broadcast. */
  #isLocal4(address: number): boolean {
    return (
      (address & LAN4_MASK) >>> 0 === this.#lan4 ||
      address >>> 28 === 0xe ||
      address >>> 16 === 0xa9fe ||
      address === 0xffffffff
    );
  }

  /** The home network; groups (ff00::/8); link-local fe80::/10. */
  #isLocal6(view: DataView, at: number): boolean {
    const high = view.getUint32(at);
    if (high >>> 24 === 0xff || high >>> 22 === 0xfe80 >>> 6) return true;
    return this.#lan6 !== null && high === this.#lan6[0] && view.getUint32(at + 4) === this.#lan6[1];
  }
}
