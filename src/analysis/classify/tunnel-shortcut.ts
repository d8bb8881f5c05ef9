/**
 * Recognises the tunnel's datagrams in their usual shape, which nine frames in ten have: Ethernet, IPv4 without options,
 * UDP. Saves dissecting them; the answer is the one the full dissection would give, and any other shape is
 * left to it.
 */
import { parseAddress } from '../capture/address.ts';
import { type Frame, LINK } from '../capture/frame.ts';
import { ETHERTYPE, PROTOCOL } from '../../records/protocols.ts';

/** Ethernet, IPv4 and UDP headers. */
const HEADER_BYTES = 14 + 20 + 8;
const IP_HEADER_BYTES = 28;
/** EtherType, version and header length of IPv4 without options. */
const ETHERTYPE_AND_VERSION = (ETHERTYPE.ip4 << 8) | 0x45;

export const SHAPE = { other: 0, toEndpoint: 1, fromEndpoint: 2 } as const;

export class TunnelShortcut {
  /** The IPv4 endpoints, each as its address and its port. */
  readonly #words: Uint32Array;
  readonly #ports: Uint16Array;

  constructor(endpoints: readonly { readonly address: string; readonly port: number }[]) {
    const v4 = endpoints.flatMap(({ address, port }) => {
      const { version, words } = parseAddress(address);
      return version === 4 ? [{ word: words[3], port }] : [];
    });
    this.#words = Uint32Array.from(v4, ({ word }) => word);
    this.#ports = Uint16Array.from(v4, ({ port }) => port);
  }

  /** Shape of the frame: a value of SHAPE. */
  shapeOf(frame: Frame): number {
    if (frame.linkType !== LINK.ethernet || frame.captured < HEADER_BYTES) return SHAPE.other;
    const { view, offset } = frame;
    const usual =
      view.getUint32(offset + 12) >>> 8 === ETHERTYPE_AND_VERSION &&
      view.getUint8(offset + 23) === PROTOCOL.udp &&
      view.getUint16(offset + 16) >= IP_HEADER_BYTES;
    if (!usual) return SHAPE.other;
    if (this.#has(view.getUint32(offset + 30), view.getUint16(offset + 36))) return SHAPE.toEndpoint;
    if (this.#has(view.getUint32(offset + 26), view.getUint16(offset + 34))) return SHAPE.fromEndpoint;
    return SHAPE.other;
  }

  #has(word: number, port: number): boolean {
    for (let at = 0; at < this.#words.length; at++) {
      if (this.#words[at] === word && this.#ports[at] === port) return true;
    }
    return false;
  }
}
