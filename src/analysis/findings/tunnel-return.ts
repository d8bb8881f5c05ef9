/**
 * When the tunnel carries traffic again, as the datagrams between client and VPN server show it: data of the client's
 * that is answered with data of the server's, or a handshake that the server answered and the client confirmed. Data of
 * one side alone shows nothing: a server goes on sending into a tunnel that has fallen on the client's side.
 */
import { EndpointSet } from '../capture/address.ts';
import type { Frame } from '../capture/frame.ts';
import { Headers, NETWORK } from '../capture/headers.ts';
import { PROTOCOL } from '../../records/protocols.ts';

/** WireGuard's message types (its paper, 5.4), the first byte of each datagram. */
const WIREGUARD = { response: 2, data: 4 } as const;
/** Bytes of a WireGuard data message without content: a keepalive (16 of header, 16 of tag). */
const KEEPALIVE_BYTES = 32;
/** Longest datagram of another tunnel's control channel that is no data: an OpenVPN ping or acknowledgement. */
const CONTROL_BYTES = 80;

export class TunnelReturn {
  readonly #endpoints: EndpointSet;
  readonly #sinceNs: number;
  readonly #headers = new Headers();
  #clientSentData = false;
  #serverAnswered = false;
  /** Nanoseconds of the trial's time; null while the tunnel has not been seen to carry traffic. */
  atNs: number | null = null;

  /** `sinceNs`: the earliest instant at which the fault can have been undone. */
  constructor(endpoints: readonly { readonly address: string; readonly port: number }[], sinceNs: number) {
    this.#endpoints = new EndpointSet(endpoints);
    this.#sinceNs = sinceNs;
  }

  /** Looks at a frame; frames come in the capture's order. */
  see(frame: Frame): void {
    if (this.atNs !== null || frame.atNs < this.#sinceNs) return;
    const headers = this.#headers;
    headers.read(frame);
    const v6 = headers.network === NETWORK.ip6;
    if ((!v6 && headers.network !== NETWORK.ip4) || headers.protocol !== PROTOCOL.udp) return;
    const { view } = frame;
    const { sourceAt, destinationAt, sourcePort, destinationPort, payloadAt, payloadBytes, end } = headers;
    const toServer = this.#endpoints.has(view, destinationAt, v6, destinationPort);
    const toClient = !toServer && this.#endpoints.has(view, sourceAt, v6, sourcePort);
    if ((!toServer && !toClient) || end <= payloadAt) return;
    const type = view.getUint8(payloadAt);
    const isWireGuard = type >= 1 && type <= WIREGUARD.data;
    const isData = isWireGuard
      ? type === WIREGUARD.data && payloadBytes > KEEPALIVE_BYTES
      : payloadBytes > CONTROL_BYTES;
    if (toServer) {
      if (type === WIREGUARD.data && this.#serverAnswered) this.atNs = frame.atNs;
      if (isData) this.#clientSentData = true;
    } else {
      if (type === WIREGUARD.response) this.#serverAnswered = true;
      if (isData && this.#clientSentData) this.atNs = frame.atNs;
    }
  }
}
