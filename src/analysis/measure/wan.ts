/**
 * What the capture on the router's WAN side shows: which parties of the swarm the real address sent packets to, and which
 * of them knock afterwards.
 *
 * A packet that reaches a party from the real address exposes it, whether the party's protocol takes notice or not (data
 * of a connection made through the tunnel, say); what the party made of it is told by its own events.
 *
 * A knock is a packet of the swarm to the real address after containment, that is after the last clear packet of the
 * outage (after the fault when nothing left), until the end of the trial or of its horizon. Late answers to the last clear packets count:
 * whoever sends one knows the address. Not counted are answers of the recovery (packets of a flow on which the real
 * address itself sends after restoration) and the lab's canaries (their sink is not of the swarm).
 */
import type { Identity, SwarmMap } from '../../records/identity.ts';
import type { Exposure, Measures } from '../../records/measures.ts';
import type { Phase } from '../../records/vocabulary.ts';
import { AddressSet } from '../capture/address.ts';
import type { Frame } from '../capture/frame.ts';
import { Headers, NETWORK } from '../capture/headers.ts';
import { PROTOCOL } from '../../records/protocols.ts';
import type { CaptureReport } from '../capture/read-capture.ts';
import { readInOrder } from '../capture/read-in-order.ts';
import { FlowTable, NO_FLOW } from '../classify/flows.ts';
import { CANARY, startsWith } from '../classify/payload-shapes.ts';
import { SwarmParties, type SwarmParty, keyAt } from './parties.ts';
import { SPAN, type Spans, spanAt } from './phases.ts';
import { withoutNulls } from './uplink.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

export interface WanMeasures {
  readonly report: CaptureReport;
  readonly exposures: readonly Exposure[];
  readonly knocks: Measures['knocks'];
  /** Knocks, of those counted, that came after the client's end. */
  readonly knocksAfterClient: Measures['knocks'];
  /** Knocks by whole seconds since the fault. */
  readonly knocksBySecond: NonNullable<Measures['knocksBySecond']>;
}

/** Phase of clear packets by span: every clear packet of the outage is of the gap. */
const PHASE_OF_SPAN: readonly Phase[] = ['baseline', 'gap', 'recovery'];
/** What a flow is remembered as once the real address itself used it in the recovery. */
const USED_BY_CLIENT = 1;

/** Span in which knocks are counted, in the trial's time. */
export interface KnockSpan {
  /** The last clear packet of the outage, or the fault when nothing left. */
  readonly containmentNs: number;
  /** Instant at which the client had ended; null where it never did while knocks were counted. */
  readonly clientGoneNs: number | null;
  /** The trial's end or that of its horizon. */
  readonly untilNs: number;
}

export async function measureWan(
  file: string,
  originUnixNs: bigint,
  identity: Identity,
  swarm: SwarmMap,
  spans: Spans,
  knockSpan: KnockSpan,
): Promise<WanMeasures> {
  const headers = new Headers();
  const parties = new SwarmParties(swarm);
  const real = new AddressSet(withoutNulls([identity.wan4, identity.lan6]));
  const contacts = new Contacts(parties, identity, spans);
  const knocks = new Knocks(spans, knockSpan);

  const report = await readInOrder(file, originUnixNs, (frame) => {
    headers.read(frame);
    const v6 = headers.network === NETWORK.ip6;
    if (!v6 && headers.network !== NETWORK.ip4) return;
    const { view } = frame;
    const { sourceAt, destinationAt } = headers;
    const isReal = (at: number): boolean => (v6 ? real.has6(view, at) : real.has4(view, at));
    if (parties.has(view, destinationAt, v6) && isReal(sourceAt)) {
      contacts.add(frame, headers, v6);
      knocks.sent(frame, headers, v6);
    } else if (parties.has(view, sourceAt, v6) && isReal(destinationAt)) {
      knocks.came(frame, headers, v6);
    }
  });
  return {
    report,
    exposures: contacts.exposures(),
    knocks: knocks.all.count(),
    knocksAfterClient: knocks.afterClient.count(),
    knocksBySecond: knocks.bySecond(),
  };
}

/** Packets from the real address to parties of the swarm. */
class Contacts {
  readonly #parties: SwarmParties;
  readonly #identity: Identity;
  readonly #spans: Spans;
  readonly #flows = new FlowTable();
  /** Party at the other end of each flow, by the flow's ordinal. */
  readonly #partyOf: (SwarmParty | null)[] = [];
  readonly #found = new Map<string, Exposure>();

  constructor(parties: SwarmParties, identity: Identity, spans: Spans) {
    this.#parties = parties;
    this.#identity = identity;
    this.#spans = spans;
  }

  add({ view, atNs }: Frame, headers: Headers, v6: boolean): void {
    const phase = PHASE_OF_SPAN[spanAt(this.#spans, atNs)];
    if (phase === undefined) return;
    const { protocol, sourceAt, destinationAt, sourcePort, destinationPort } = headers;
    const flow = this.#flows.find(protocol, portsOf(sourcePort, destinationPort), view, sourceAt, destinationAt, v6);
    const find = (): SwarmParty | null => this.#parties.find(view, destinationAt, v6, destinationPort);
    const party = flow === NO_FLOW ? find() : (this.#partyOf[flow] ??= find());
    const address = v6 ? this.#identity.lan6 : this.#identity.wan4;
    if (party === null || address === null) return;
    const key = `${party.party} ${party.id} ${phase} ${address}`;
    const before = this.#found.get(key);
    this.#found.set(key, {
      ...party,
      ...{ by: 'source', phase, address, how: 'packet' },
      times: (before?.times ?? 0) + 1,
      firstNs: before?.firstNs ?? atNs,
      lastNs: atNs,
    });
  }

  exposures(): Exposure[] {
    return [...this.#found.values()];
  }
}

class Knocks {
  readonly #spans: Spans;
  readonly #knockSpan: KnockSpan;
  readonly #bySecond = new Map<number, number>();
  readonly #flows = new FlowTable();
  readonly all = new Count();
  readonly afterClient = new Count();

  constructor(spans: Spans, knockSpan: KnockSpan) {
    this.#spans = spans;
    this.#knockSpan = knockSpan;
  }

  sent({ view, atNs }: Frame, headers: Headers, v6: boolean): void {
    if (spanAt(this.#spans, atNs) !== SPAN.recovery) return;
    const { protocol, sourceAt, destinationAt } = headers;
    const ports = portsOf(headers.sourcePort, headers.destinationPort);
    const flow = this.#flows.find(protocol, ports, view, sourceAt, destinationAt, v6);
    this.#flows.learn(flow, USED_BY_CLIENT, true);
  }

  came({ view, atNs }: Frame, headers: Headers, v6: boolean): void {
    const { containmentNs, clientGoneNs, untilNs } = this.#knockSpan;
    if (atNs <= containmentNs || atNs > untilNs) return;
    const { protocol, sourceAt, destinationAt } = headers;
    if (protocol === PROTOCOL.udp && startsWith(view, headers.payloadAt, headers.end, CANARY)) return;
    const ports = portsOf(headers.destinationPort, headers.sourcePort);
    const flow = this.#flows.find(protocol, ports, view, destinationAt, sourceAt, v6);
    if (this.#flows.classOf(flow) === USED_BY_CLIENT) return;
    const second = Math.floor((atNs - this.#spans.faultNs) / NS_PER_SECOND);
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + 1);
    const sender = keyAt(view, sourceAt, v6);
    this.all.add(sender, atNs);
    if (clientGoneNs !== null && atNs > clientGoneNs) this.afterClient.add(sender, atNs);
  }

  bySecond(): NonNullable<Measures['knocksBySecond']> {
    return [...this.#bySecond].map(([second, packets]) => ({ second, packets }));
  }
}

class Count {
  readonly #senders = new Set<string>();
  #packets = 0;
  #firstNs: number | null = null;
  #lastNs: number | null = null;

  add(sender: string, atNs: number): void {
    this.#packets++;
    this.#senders.add(sender);
    this.#firstNs ??= atNs;
    this.#lastNs = atNs;
  }

  count(): Measures['knocks'] {
    return { packets: this.#packets, senders: this.#senders.size, firstNs: this.#firstNs, lastNs: this.#lastNs };
  }
}

function portsOf(local: number, remote: number): number {
  return ((local << 16) | (remote & 0xffff)) >>> 0;
}
