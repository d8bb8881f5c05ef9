/**
 * Who made a packet that left the client in the clear. Decided off the client, by the packet and by when the client lived:
 *
 *   ICMP errors and answers, TCP resets                       kernel: no process sends them
 *   TCP of a connection older than its owner's end            kernel: it closes and retransmits for the dead
 *   a FIN between the order to kill the client and its end    kernel: closing what the dead one had open
 *   anything else while the client lives                      client
 *   anything else before its first start or after its end     system: some other process of the host
 *
 * Not told apart: the client and another process (a kill switch, a resolver's daemon) that sends while the client lives.
 */
import type { Author } from '../../records/findings.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import { FRAGMENT, type Headers, NETWORK } from '../capture/headers.ts';
import { PROTOCOL } from '../../records/protocols.ts';

const TCP = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10, flagsAt: 13 } as const;
/** An echo request (ICMP, RFC 792; ICMPv6, RFC 4443): some process asked for it. */
const ECHO_REQUEST = { v4: 8, v6: 128 } as const;
/** An order to kill that is older than this before the client's end was another's. */
const KILLING_NS = 5_000_000_000;

/** One end of the client: from when it was being killed, when it was gone, and when it had been started again. */
interface End {
  readonly orderedNs: number;
  readonly goneNs: number;
  readonly againNs: number | null;
}

export class Authorship {
  readonly #startedNs: number;
  readonly #ends: readonly End[];
  /** When the last SYN of each connection left. */
  readonly #opened = new Map<string, number>();

  /** `startedNs`: when the client was first started; null when it never was. */
  constructor(timeline: readonly TimelineEvent[], startedNs: number | null) {
    this.#startedNs = startedNs ?? Infinity;
    this.#ends = endsOf(timeline);
  }

  /** The author of a clear frame, whose headers have been read; frames come in the capture's order. */
  authorOf(headers: Headers, view: DataView, atNs: number): Author {
    const v6 = headers.network === NETWORK.ip6;
    if (!v6 && headers.network !== NETWORK.ip4) return this.ofProcess(atNs);
    const { protocol, transportAt, end } = headers;
    if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmp6) {
      if (headers.fragment === FRAGMENT.later || end <= transportAt) return 'undecided';
      const asked = view.getUint8(transportAt) === (v6 ? ECHO_REQUEST.v6 : ECHO_REQUEST.v4);
      return asked ? 'system' : 'kernel';
    }
    if (protocol !== PROTOCOL.tcp) return this.ofProcess(atNs);
    if (headers.fragment === FRAGMENT.later || end - transportAt <= TCP.flagsAt) return 'undecided';
    return this.#tcp(headers, view, v6, atNs);
  }

  #tcp(headers: Headers, view: DataView, v6: boolean, atNs: number): Author {
    const flags = view.getUint8(headers.transportAt + TCP.flagsAt);
    if ((flags & TCP.rst) !== 0) return 'kernel';
    const ended = this.#ends.findLast(({ orderedNs }) => orderedNs <= atNs);
    const opens = (flags & TCP.syn) !== 0;
    if (opens) this.#opened.set(connection(headers, view, v6), atNs);
    if (ended === undefined || opens) return this.ofProcess(atNs);
    if (atNs <= ended.goneNs) return (flags & TCP.fin) === 0 ? this.ofProcess(atNs) : 'kernel';
    const openedNs = this.#opened.get(connection(headers, view, v6));
    return openedNs !== undefined && openedNs > ended.goneNs ? this.ofProcess(atNs) : 'kernel';
  }

  /** The author of what only a process makes. Between an end and the next start it can be the new one, coming up. */
  ofProcess(atNs: number): 'client' | 'system' {
    if (atNs < this.#startedNs) return 'system';
    const ended = this.#ends.findLast(({ goneNs }) => goneNs < atNs);
    return ended?.againNs === null ? 'system' : 'client';
  }
}

function endsOf(timeline: readonly TimelineEvent[]): End[] {
  return timeline.flatMap((event) => {
    if (event.kind !== 'client-exited') return [];
    const goneNs = event.atNs;
    const order = timeline.findLast(
      (each) =>
        each.kind === 'switch' && each.stage === 'acting' && each.atNs <= goneNs && each.atNs > goneNs - KILLING_NS,
    );
    const killed = event.status === 'signal SIGKILL' && order !== undefined;
    const again = timeline.find((each) => each.kind === 'client-started' && each.atNs > goneNs);
    return [{ orderedNs: killed ? order.atNs : goneNs, goneNs, againNs: again?.atNs ?? null }];
  });
}

/** A key for a TCP connection, from the client's port and the other end. */
function connection(headers: Headers, view: DataView, v6: boolean): string {
  const words = v6 ? [0, 4, 8, 12] : [0];
  const address = words.map((at) => view.getUint32(headers.destinationAt + at).toString(16)).join(':');
  return `${headers.sourcePort} ${address} ${headers.destinationPort}`;
}
