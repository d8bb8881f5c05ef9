/**
 * Finds who still hands the real address out, and for how long, in the answers the retrieval was given. One row
 * per party and address, from the first answer that named it to the last, and to the first answer after that without
 * it.
 *
 * Only what a stranger is told counts. A party that keeps the address to itself is not seen here, one that names a random
 * part of what it knows may be seen late; where it still named the address when last asked, the row is censored.
 */
import type { Identity } from '../../records/identity.ts';
import type { HandOut } from '../../records/measures.ts';
import type { RetrievalEvent, TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import type { Party } from '../../records/vocabulary.ts';
import { canonicalAddress } from '../capture/address.ts';
import { withoutNulls } from './uplink.ts';

const PARTY_OF: Readonly<Record<Answer['via'], Party>> = {
  'tracker-http': 'tracker',
  'tracker-udp': 'tracker',
  dht: 'dht',
  pex: 'peer',
};

type Answer = Extract<RetrievalEvent, { kind: 'retrieval' }>;

/** Every party's hand-outs of the real addresses and of the planted one; undefined where nobody asked. */
export function findHandOuts(
  timeline: readonly TimelineEvent[],
  identity: Identity,
  record: Pick<TrialRecord, 'aftermath'>,
): HandOut[] | undefined {
  const answers = timeline.flatMap((event) => (event.kind === 'retrieval' && event.answered ? [event] : []));
  if (record.aftermath === undefined && answers.length === 0) return undefined;
  const plants = timeline.flatMap((event) => (event.kind === 'planted' ? [event] : []));
  const watched = new Map<string, Pick<HandOut, 'who' | 'address'>>();
  for (const { address } of plants) watched.set(canonicalAddress(address), { who: 'planted', address });
  for (const address of withoutNulls([identity.wan4, identity.lan6]))
    watched.set(canonicalAddress(address), { who: 'real', address });

  const rows = new Map<string, { handOut: HandOut; askers: Set<string> }>();
  for (const { asked, via, asker, addresses, atNs } of answers) {
    for (const named of addresses) {
      const seen = watched.get(canonicalAddress(named));
      if (seen === undefined) continue;
      const { who, address } = seen;
      const key = `${asked} ${address}`;
      const row = rows.get(key) ?? {
        handOut: {
          party: PARTY_OF[via],
          id: asked,
          who,
          address,
          via: [],
          handOuts: 0,
          askers: 0,
          firstNs: atNs,
          lastNs: atNs,
          goneNs: null,
          learntNs: null,
        },
        askers: new Set<string>(),
      };
      const { handOut } = row;
      rows.set(key, row);
      row.askers.add(asker);
      row.handOut = {
        ...handOut,
        via: handOut.via.includes(via) ? handOut.via : [...handOut.via, via],
        handOuts: handOut.handOuts + 1,
        askers: row.askers.size,
        lastNs: Math.max(handOut.lastNs, atNs),
      };
    }
  }
  return [...rows.values()]
    .map(({ handOut }) => ({
      ...handOut,
      goneNs: goneAt(handOut, answers),
      learntNs: handOut.who === 'planted' ? plantedAt(handOut, plants) : learntAt(handOut, timeline),
    }))
    .sort((a, b) => a.firstNs - b.firstNs || compare(a.id, b.id) || compare(a.address, b.address));
}

/** The first answer after the last with the address, by a way that had named it before: another family may never. */
function goneAt({ id, via, address, lastNs }: HandOut, answers: readonly Answer[]): number | null {
  const later = answers.filter(
    (answer) =>
      answer.asked === id &&
      answer.atNs > lastNs &&
      via.includes(answer.via) &&
      isIPv6(answer.asker) === (isIPv6(address) && answer.via !== 'dht'),
  );
  return later.length === 0 ? null : later.reduce((least, { atNs }) => Math.min(least, atNs), Infinity);
}

function plantedAt({ id }: HandOut, plants: readonly Extract<RetrievalEvent, { kind: 'planted' }>[]): number | null {
  return plants.find(({ asked, event, taken }) => asked === id && event === 'started' && taken)?.atNs ?? null;
}

/**
 * Instant at which the party last heard from the address what it hands out: an announce, or a connection's handshake.
 */
function learntAt({ id, address }: HandOut, timeline: readonly TimelineEvent[]): number | null {
  const told = timeline.flatMap((event) =>
    ((event.kind === 'tracker-announce' && event.event !== 'stopped') ||
      (event.kind === 'dht-query' && event.query === 'announce_peer') ||
      event.kind === 'peer-extended') &&
    event.party === id &&
    canonicalAddress(event.sourceAddress) === canonicalAddress(address)
      ? [event.atNs]
      : [],
  );
  return told.length === 0 ? null : told.reduce((most, ns) => Math.max(most, ns));
}

function isIPv6(address: string): boolean {
  return address.includes(':');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
