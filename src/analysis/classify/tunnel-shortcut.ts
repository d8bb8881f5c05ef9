/**
 * Recognises the tunnel's datagrams in their usual shape, which nine frames in ten have: Ethernet, IPv4 without options,
 * UDP. Saves dissecting them; the answer is the one the full dissection would give, and any other shape is
 * left to it.
 */
import { parseAddress } from '../capture/address.ts';
import { type Frame, LINK } from '../capture/frame.ts';
import { PROTOCOL } from '../capture/headers.ts';

/** Ethernet, IPv4 and UDP headers. */
const HEADER_BYTES = 14 + 20 + 8;
const IP_HEADER_BYTES = 28;
/** EtherType, version and header length of IPv4 without options. */
const ETHERTYPE_AND_VERSION = 0x080045;

export const SHAPE = { other: 0, toEndpoint: 1, fromEndpoint: 2 } as const;

export class TunnelShortcut {
  readonly #word: number;
  readonly #port: number;
  readonly #isV4: boolean;

  constructor(endpoint: { readonly address: string; readonly port: number }) {
    const { version, words } = parseAddress(endpoint.address);
    this.#isV4 = version === 4;
    this.#word = words[3];
    this.#port = endpoint.port;
  }

  /** One of SHAPE. */
  shapeOf(frame: Frame): number {
    if (!this.#isV4 || frame.linkType !== LINK.ethernet || frame.captured < HEADER_BYTES) return SHAPE.other;
    const { view, offset } = frame;
    const usual =
      view.getUint32(offset + 12) >>> 8 === ETHERTYPE_AND_VERSION &&
      view.getUint8(offset + 23) === PROTOCOL.udp &&
      view.getUint16(offset + 16) >= IP_HEADER_BYTES;
    if (!usual) return SHAPE.other;
    if (view.getUint32(offset + 30) === this.#word && view.getUint16(offset + 36) === this.#port)
      return SHAPE.toEndpoint;
    if (view.getUint32(offset + 26) === this.#word && view.getUint16(offset + 34) === this.#port)
      return SHAPE.fromEndpoint;
    return SHAPE.other;
  }
}
