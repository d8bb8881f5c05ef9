/**
 * Which third party learnt the real address, from whom and how: out of what the lab's trackers, nodes, peers, neighbour and
 * resolver say they met. By source, when the packet came from the real address; by content, when its bytes named it,
 * wherever it came from. What a party does with it afterwards is measured as knocks.
 *
 * A DHT node id made for one address and shown from the other ties the two (BEP 42): content, in either direction.
 */
import { CANARY_MARKER } from '../../records/canary.ts';
import type { ThirdParty } from '../../records/findings.ts';
import type { Identity } from '../../records/identity.ts';
import type { Exposure } from '../../records/measures.ts';
import type { InstrumentEvent, TimelineEvent } from '../../records/timeline.ts';
import type { Phase } from '../../records/vocabulary.ts';
import { canonicalAddress, splitEndpoint } from '../capture/address.ts';
import { nodeIdNames } from './node-id.ts';
import { SPAN, type Spans, spanAt } from './phases.ts';
import { withoutNulls } from './uplink.ts';

/** Marks what the lab sent itself to prove an instrument, in ids (as text or hex) and names. */
const CANARY = new RegExp(`${CANARY_MARKER}|${Buffer.from(CANARY_MARKER, 'latin1').toString('hex')}`, 'i');
/** Whom an event shows the client to. Closing a connection tells nobody anything new. */
export const PARTY_OF: ReadonlyMap<TimelineEvent['kind'], ThirdParty> = new Map<TimelineEvent['kind'], ThirdParty>([
  ['tracker-announce', 'tracker'],
  ['tracker-scrape', 'tracker'],
  ['stun-binding', 'stun'],
  ['dht-query', 'dht'],
  ['peer-connection', 'peer'],
  ['peer-handshake', 'peer'],
  ['peer-extended', 'peer'],
  ['peer-pex', 'peer'],
  ['peer-piece', 'peer'],
  ['neighbour-multicast', 'neighbour'],
  ['resolver-query', 'resolver'],
]);
const LINK_LOCAL = /^fe[89ab]/i;

interface Finding {
  readonly by: Exposure['by'];
  readonly address: string;
  readonly how: string;
}

/**
 * Every exposure in a phase of the trial, one row per party, way and address, with its first and last instant.
 * @param lastClearNs containment: the last clear packet of the outage, null without one.
 */
export function findExposures(
  timeline: readonly TimelineEvent[],
  identity: Identity,
  spans: Spans,
  lastClearNs: number | null,
): Exposure[] {
  const real = new RealAddresses(identity);
  const found = new Map<string, Exposure>();
  for (const event of timeline) {
    const kind = PARTY_OF.get(event.kind);
    if (kind === undefined || !('party' in event) || isCanary(event)) continue;
    // Exposures know no STUN server: it is one that WebRTC trackers have their peers ask.
    const party = kind === 'stun' ? 'tracker' : kind;
    const span = spanAt(spans, event.atNs);
    if (span === SPAN.outside) continue;
    for (const { by, address, how } of findingsOf(event, real)) {
      const phase = phaseOf(span, by, event.atNs, lastClearNs);
      const key = [party, event.party, by, phase, canonicalAddress(address), how].join(' ');
      const before = found.get(key);
      found.set(key, {
        party,
        id: event.party,
        by,
        phase,
        address: before?.address ?? address,
        how,
        times: (before?.times ?? 0) + 1,
        firstNs: Math.min(before?.firstNs ?? event.atNs, event.atNs),
        lastNs: Math.max(before?.lastNs ?? event.atNs, event.atNs),
      });
    }
  }
  return [...found.values()];
}

/** The real identity: the home router's public address and the client's own addresses. */
export class RealAddresses {
  readonly #addresses = new Map<string, string>();
  /** The tunnel's own addresses, for which an id is made inside it. */
  readonly exits: readonly string[];

  constructor({ wan4, lan4, lan6, exit4, exit6 }: Identity) {
    this.exits = withoutNulls([exit4, exit6]);
    for (const address of [wan4, lan4, lan6]) {
      if (address !== null) this.#addresses.set(canonicalAddress(address), address);
    }
  }

  /** The address as the record spells it, or null when it is not a real one. */
  find(address: string): string | null {
    return this.#addresses.get(canonicalAddress(address)) ?? null;
  }

  all(): Iterable<string> {
    return this.#addresses.values();
  }
}

export function findingsOf(event: InstrumentEvent, real: RealAddresses): Finding[] {
  const how = howOf(event);
  const findings: Finding[] = [];
  const source = real.find(event.sourceAddress);
  if (source !== null) findings.push({ by: 'source', address: source, how });
  // On the neighbour's own link a link-local address is the client's address too.
  else if (event.kind === 'neighbour-multicast' && LINK_LOCAL.test(event.sourceAddress)) {
    findings.push({ by: 'source', address: event.sourceAddress, how });
  }
  for (const [named, where] of namedAddresses(event)) {
    const address = real.find(named);
    if (address !== null) findings.push({ by: 'content', address, how: where });
  }
  if (event.kind === 'dht-query') {
    const { nodeId } = event;
    if (source !== null && real.exits.some((exit) => nodeIdNames(nodeId, exit))) {
      findings.push({ by: 'content', address: source, how: 'node id of the exit' });
    }
    for (const address of source === null ? real.all() : []) {
      if (nodeIdNames(nodeId, address)) findings.push({ by: 'content', address, how: 'node id' });
    }
  }
  return findings;
}

/** Addresses an event's bytes give, and the field that gives them. */
function namedAddresses(event: InstrumentEvent): [address: string, where: string][] {
  if (event.kind === 'tracker-announce') {
    const where = event.transport === 'ws' ? 'ICE candidate' : 'announce ip=';
    return event.claimedAddresses.map((address) => [address, where]);
  }
  if (event.kind === 'peer-extended') {
    const own = event.claimedAddresses.map((address): [string, string] => [address, 'extension handshake']);
    return event.yourAddress === null ? own : [...own, [event.yourAddress, 'extension handshake yourip=']];
  }
  if (event.kind !== 'peer-pex') return [];
  return [...event.added, ...event.dropped].map((text) => [splitEndpoint(text)?.address ?? text, 'pex']);
}

function howOf(event: InstrumentEvent): string {
  switch (event.kind) {
    case 'tracker-announce':
      return 'announce';
    case 'tracker-scrape':
      return 'scrape';
    case 'dht-query':
      return event.query;
    case 'peer-connection':
      return event.direction === 'incoming' ? 'connection' : 'connection made to it';
    case 'peer-handshake':
      return 'handshake';
    case 'peer-extended':
      return 'extension handshake';
    case 'peer-pex':
      return 'pex';
    case 'peer-piece':
      return 'piece';
    case 'peer-closed':
      return 'close';
    case 'neighbour-multicast':
      return event.protocol;
    case 'resolver-query':
      return 'query';
    case 'stun-binding':
      return 'binding';
  }
}

/**
 * The instrument writes an event down after the packet that caused it, the outage's last one perhaps after containment;
 * but an exposure by source has a clear packet for its cause, and all of those are of the gap.
 */
function phaseOf(span: number, by: Exposure['by'], atNs: number, lastClearNs: number | null): Phase {
  if (span === SPAN.baseline) return 'baseline';
  if (span === SPAN.recovery) return 'recovery';
  if (lastClearNs === null) return 'contained';
  return by === 'source' || atNs <= lastClearNs ? 'gap' : 'contained';
}

export function isCanary(event: InstrumentEvent): boolean {
  if ('peerId' in event) return CANARY.test(event.peerId);
  if ('nodeId' in event) return CANARY.test(event.nodeId);
  if ('name' in event) return CANARY.test(event.name);
  return 'text' in event && CANARY.test(event.text);
}
