/**
 * Packets from the real address that reached a third party's program, as the capture beyond the home router shows them.
 *
 * A datagram, and a TCP segment of a connection that was opened from the real address, is handed to the party's program.
 * A segment of any other connection is not: the party's kernel refuses it, so it went in the clear (path) and told the
 * swarm nothing. Neither does an ICMP message. Nor is the home router's own packet a finding about the client.
 */
import type { ThirdParty } from '../../records/findings.ts';
import type { Identity, SwarmMap } from '../../records/identity.ts';
import type { Family } from '../../records/vocabulary.ts';
import { AddressSet } from '../capture/address.ts';
import type { Frame } from '../capture/frame.ts';
import { FRAGMENT, Headers, NETWORK } from '../capture/headers.ts';
import { PROTOCOL } from '../../records/protocols.ts';
import { SwarmParties } from '../measure/parties.ts';
import { withoutNulls } from '../measure/uplink.ts';
import { packetKey } from './packet-key.ts';

/** STUN's own port, and the one that Google's public servers listen on. */
const STUN_PORTS: readonly number[] = [3478, 19_302];
const TCP = { syn: 0x02, flagsAt: 13 } as const;

/** One packet that reached a party. */
export interface Contact {
  readonly atNs: number;
  readonly kind: ThirdParty;
  readonly id: string;
  readonly family: Family;
  /** The key by which the same packet is known on the uplink (packet-key.ts). */
  readonly key: string;
  /** False: it reached the party's host but not its program. */
  readonly delivered: boolean;
}

export class WanContacts {
  readonly #headers = new Headers();
  readonly #parties: SwarmParties;
  readonly #real: AddressSet;
  readonly #opened = new Set<string>();
  readonly contacts: Contact[] = [];

  constructor(identity: Identity, swarm: SwarmMap) {
    const answering = swarm.trackers.filter(({ answers }) => answers !== false);
    this.#parties = new SwarmParties({ ...swarm, trackers: answering });
    this.#real = new AddressSet(withoutNulls([identity.wan4, identity.lan6]));
  }

  /** Looks at a frame; frames come in the capture's order. */
  see(frame: Frame): void {
    const headers = this.#headers;
    headers.read(frame);
    const v6 = headers.network === NETWORK.ip6;
    if (!v6 && headers.network !== NETWORK.ip4) return;
    const { view, atNs } = frame;
    const { sourceAt, destinationAt, protocol, sourcePort, destinationPort, transportAt, end } = headers;
    const isReal = v6 ? this.#real.has6(view, sourceAt) : this.#real.has4(view, sourceAt);
    if (!isReal || !this.#parties.has(view, destinationAt, v6)) return;
    const party = this.#parties.find(view, destinationAt, v6, destinationPort);
    if (party === null) return;
    const isStun = protocol === PROTOCOL.udp && STUN_PORTS.includes(destinationPort);
    let delivered = protocol === PROTOCOL.udp;
    if (protocol === PROTOCOL.tcp && headers.fragment !== FRAGMENT.later && end - transportAt > TCP.flagsAt) {
      const connection = `${sourcePort} ${party.id} ${destinationPort}`;
      if ((view.getUint8(transportAt + TCP.flagsAt) & TCP.syn) !== 0) this.#opened.add(connection);
      delivered = this.#opened.has(connection);
    }
    this.contacts.push({
      atNs,
      kind: isStun ? 'stun' : party.party,
      id: isStun ? 'stun-0' : party.id,
      family: v6 ? 'v6' : 'v4',
      key: packetKey(headers, view, v6),
      delivered,
    });
  }
}
