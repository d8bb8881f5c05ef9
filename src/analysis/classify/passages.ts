/**
 * Recognises a packet that a capture of several links sees more than once, on its way through the machine that captures: a
 * router has it come in on one link and go out on another. Where it is seen first it counts.
 */
import { type Frame, LINK } from '../capture/frame.ts';
import { Headers, NETWORK } from '../capture/headers.ts';

/** Longest way through a machine. What is alike and comes later was sent again. */
const PASSAGE_NS = 100_000_000;
/** Bytes of a packet that go into its key; its length does too. */
const KEY_BYTES = 128;
/** Packets remembered, twice over: older ones are forgotten. */
const MOST_REMEMBERED = 1 << 16;

/** Packet type of an outgoing packet in cooked captures. */
const OUTGOING = 4;

/** A number for the link that a frame was seen on: its interface in the file and, in a capture of «any», the device. */
export function linkOf({ linkType, view, offset, captured, interfaceId }: Frame): number {
  if (linkType === LINK.ethernet) return interfaceId;
  const base = (interfaceId + 1) * 2 ** 32;
  if (linkType === LINK.linuxCooked2 && captured >= 20) return base + view.getUint32(offset + 4);
  // The older cooked header has no device: its type and the direction tell the two links of a router apart.
  if (linkType === LINK.linuxCooked && captured >= 16) {
    return base + 2 * view.getUint16(offset + 2) + (view.getUint16(offset) === OUTGOING ? 1 : 0);
  }
  return base;
}

interface Passage {
  readonly link: number;
  atNs: number;
}

export class Passages {
  readonly #headers = new Headers();
  #recent = new Map<string, Passage>();
  #before = new Map<string, Passage>();

  /** Whether an IP packet was just seen on another link. Ask once a frame, in order. */
  isAgain(frame: Frame): boolean {
    const { linkType } = frame;
    if (frame.interfaces < 2 && linkType !== LINK.linuxCooked && linkType !== LINK.linuxCooked2) return false;
    const { view, atNs } = frame;
    const headers = this.#headers;
    headers.read(frame);
    if (headers.network !== NETWORK.ip4 && headers.network !== NETWORK.ip6) return false;
    const link = linkOf(frame);
    const key = keyOf(view, headers);
    const known = this.#recent.get(key) ?? this.#before.get(key);
    if (known !== undefined && known.link !== link && atNs - known.atNs <= PASSAGE_NS) return true;
    if (known?.link === link) known.atNs = atNs;
    else this.#remember(key, { link, atNs });
    return false;
  }

  #remember(key: string, passage: Passage): void {
    if (this.#recent.size >= MOST_REMEMBERED) {
      this.#before = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, passage);
  }
}

/** Everything that no router changes: not the hop limit, nor IPv4's checksum. */
function keyOf(view: DataView, { network, networkAt, sourceAt, end }: Headers): string {
  const v4 = network === NETWORK.ip4;
  const id = v4 ? view.getUint32(networkAt + 4) : 0;
  const next = view.getUint8(v4 ? networkAt + 9 : networkAt + 6);
  const until = Math.min(end, sourceAt + KEY_BYTES);
  let key = `${id.toString(36)}/${next}/${end - sourceAt}/`;
  for (let at = sourceAt; at < until; at++) key += String.fromCharCode(view.getUint8(at));
  return key;
}
