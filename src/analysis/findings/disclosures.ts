/**
 * Who learnt the real address: what the third parties say they met, joined with the packets that reached them. One row a
 * party, way, phase, author and address. What a party met by source belongs to the packet that it met, and to its phase;
 * what a packet said belongs to the instant at which it was read.
 */
import type { Author, Disclosure, ThirdParty, TrialPhase } from '../../records/findings.ts';
import type { Identity } from '../../records/identity.ts';
import type { InstrumentEvent, TimelineEvent } from '../../records/timeline.ts';
import type { Family, SourceKind } from '../../records/vocabulary.ts';
import { PARTY_OF, RealAddresses, findingsOf, isCanary } from '../measure/exposures.ts';
import type { Authorship } from './authorship.ts';
import type { Sent } from './clear-traffic.ts';
import type { SentPackets } from './packet-key.ts';
import { phaseAt, type PhaseSpan } from './trial-phases.ts';
import type { Contact } from './wan-contacts.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

/** A party writes down what it met after the packet that told it; on a machine at work a good deal after. */
const WRITTEN_DOWN_NS = NS_PER_SECOND;

interface Sighting {
  readonly atNs: number;
  readonly kind: ThirdParty;
  readonly id: string;
  readonly way: Disclosure['way'];
  readonly address: string;
  readonly family: Family;
  readonly field: string;
  readonly source: SourceKind | null;
  readonly author: Author;
  readonly phase: TrialPhase;
}

export interface Disclosures {
  readonly rows: readonly Disclosure[];
  /** Packets of the router's own to the swarm, in a phase of the trial. */
  readonly routerPackets: number;
}

/** @param contacts packets from the real address beyond the router, in their order. */
export function disclosuresOf(
  timeline: readonly TimelineEvent[],
  identity: Identity,
  spans: readonly PhaseSpan[],
  contacts: readonly Contact[],
  sent: SentPackets<Sent>,
  authorship: Authorship,
): Disclosures {
  const sightings: Sighting[] = [];
  const last = new Map<string, { readonly atNs: number; readonly sent: Sent }>();
  let routerPackets = 0;
  const packets = contacts.flatMap((contact) => {
    const phase = phaseAt(spans, contact.atNs);
    if (phase === null) return [];
    const twin = sent.find(contact.key, contact.atNs);
    if (twin === null) routerPackets++;
    return twin === null || !contact.delivered ? [] : [{ ...contact, phase, twin }];
  });
  let next = 0;
  const takePackets = (untilNs: number): void => {
    for (let packet = packets[next]; packet !== undefined && packet.atNs <= untilNs; packet = packets[++next]) {
      const { atNs, kind, id, family, phase, twin } = packet;
      const address = family === 'v6' ? (identity.lan6 ?? '') : identity.wan4;
      last.set(`${kind} ${id}`, { atNs, sent: twin });
      sightings.push({
        ...{ atNs, kind, id, way: 'source', address, family, phase },
        ...{ field: 'packet', source: twin.source, author: twin.author },
      });
    }
  };
  const real = new RealAddresses(identity);
  for (const event of timeline) {
    takePackets(event.atNs);
    const sighted = sightingsOf(event, real, spans, last, authorship);
    sightings.push(...sighted);
  }
  takePackets(Infinity);
  return { rows: rowsOf(sightings), routerPackets };
}

function sightingsOf(
  event: TimelineEvent,
  real: RealAddresses,
  spans: readonly PhaseSpan[],
  last: ReadonlyMap<string, { readonly atNs: number; readonly sent: Sent }>,
  authorship: Authorship,
): Sighting[] {
  const kind = PARTY_OF.get(event.kind);
  if (kind === undefined || !('party' in event) || isCanary(event)) return [];
  const packet = last.get(`${kind} ${event.party}`);
  const cause = packet !== undefined && event.atNs - packet.atNs <= WRITTEN_DOWN_NS ? packet : null;
  // What is only told of was said by some process; packets have more to tell.
  const author = authorship.ofProcess(event.atNs);
  return findingsOf(event, real).flatMap(({ by, address, how }) => {
    const family = address.includes(':') ? 'v6' : 'v4';
    const seen = { kind, id: event.party, way: by, address, field: how, family } as const;
    if (by === 'content') {
      const phase = phaseAt(spans, event.atNs);
      return phase === null ? [] : [{ ...seen, atNs: event.atNs, phase, source: null, author }];
    }
    if (isOwnAct(event)) return [];
    const atNs = cause?.atNs ?? event.atNs;
    const phase = phaseAt(spans, atNs);
    if (phase === null) return [];
    const source = cause?.sent.source ?? sourceSeen(event, kind);
    return [{ ...seen, atNs, phase, source, author: cause?.sent.author ?? author }];
  });
}

/** What a party does itself needs no packet of the client's: handing over a block, or calling at an address it knows. */
function isOwnAct(event: InstrumentEvent): boolean {
  return event.kind === 'peer-piece' || (event.kind === 'peer-connection' && event.direction === 'outgoing');
}

/** What a packet bore that only its receiver saw: on the local link the very address; beyond the NAT it is not known. */
function sourceSeen({ sourceAddress }: InstrumentEvent, kind: ThirdParty): SourceKind | null {
  return kind === 'neighbour' || sourceAddress.includes(':') ? 'real' : null;
}

/** Sightings of one kind come down to one row each, in the order of their first. */
function rowsOf(sightings: readonly Sighting[]): Disclosure[] {
  const knew = new Set<string>();
  const rows = new Map<string, Disclosure>();
  for (const sighting of sightings.toSorted((a, b) => a.atNs - b.atNs)) {
    const { atNs, kind, id, way, address, family, author, phase, field, source } = sighting;
    const key = [kind, id, way, phase, author, address].join(' ');
    const known = rows.get(key);
    const sources: SourceKind[] = source === null ? [] : [source];
    rows.set(key, {
      atNs: known?.atNs ?? atNs,
      lastNs: atNs,
      times: (known?.times ?? 0) + 1,
      party: { kind, id },
      ...{ way, address, family, author, phase },
      fields: [...new Set([...(known?.fields ?? []), field])].sort(),
      sources: [...new Set([...(known?.sources ?? []), ...sources])].sort(),
      before: known?.before ?? knew.has(`${kind} ${id}`),
    });
    knew.add(`${kind} ${id}`);
  }
  return [...rows.values()].sort((a, b) => a.atNs - b.atNs);
}
