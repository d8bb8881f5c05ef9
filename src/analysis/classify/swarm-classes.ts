/**
 * Names a flow by who is at its other end: known address and port first, known address alone second. The last resort, for
 * what bytes cannot show: a bare SYN, an encrypted peer, a stream whose beginning was not captured.
 */
import type { SwarmMap } from '../../records/identity.ts';
import { addressKey, parseAddress } from '../capture/address.ts';
import { CLASS, UNDECIDED } from './classes.ts';
import { PROTOCOL } from '../../records/protocols.ts';

const DNS_PORT = 53;

export class SwarmClasses {
  readonly #classes = new Map<string, number>();

  constructor(swarm: SwarmMap | null) {
    if (swarm === null) return;
    for (const { addresses, httpPort, udpPort } of swarm.trackers) {
      this.#add(addresses, PROTOCOL.tcp, httpPort, CLASS.trackerHttp);
      this.#add(addresses, PROTOCOL.udp, udpPort, CLASS.trackerUdp);
    }
    for (const { addresses, port } of swarm.dhtNodes) this.#add(addresses, PROTOCOL.udp, port, CLASS.dht);
    for (const { addresses, port } of swarm.peers) {
      this.#add(addresses, PROTOCOL.tcp, port, CLASS.peerTcp);
      this.#add(addresses, PROTOCOL.udp, port, CLASS.peerUtp);
    }
    this.#add(swarm.resolvers, PROTOCOL.udp, DNS_PORT, CLASS.dns);
    this.#add(swarm.resolvers, PROTOCOL.tcp, DNS_PORT, CLASS.dns);
  }

  /** The class of what is at that address, port and protocol; UNDECIDED for a stranger. Makes strings: ask once a flow. */
  classOf(view: DataView, at: number, v6: boolean, port: number, protocol: number): number {
    const address = v6
      ? addressKey(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12))
      : addressKey(0, 0, 0, view.getUint32(at));
    return (
      this.#classes.get(`${address}/${protocol}/${port}`) ?? this.#classes.get(`${address}/${protocol}`) ?? UNDECIDED
    );
  }

  #add(addresses: readonly string[], protocol: number, port: number | null, code: number): void {
    for (const text of addresses) {
      const address = addressKey(...parseAddress(text).words);
      // A host of several roles is known by the first one where the port tells nothing.
      if (!this.#classes.has(`${address}/${protocol}`)) this.#classes.set(`${address}/${protocol}`, code);
      if (port !== null) this.#classes.set(`${address}/${protocol}/${port}`, code);
    }
  }
}
