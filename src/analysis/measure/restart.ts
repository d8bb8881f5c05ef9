/**
 * What a client that was started again did with what it had learnt inside the tunnel: which marked members it came to,
 * over which link and under which source address, until the tunnel was restored. Nobody names them any more by then, so it
 * has kept them.
 *
 * Over the tunnel as the members saw it, from the VPN's exit; in the clear as the uplink's capture has it, so that an
 * attempt counts whether it arrives or not.
 */
import type { Identity, SwarmMap } from '../../records/identity.ts';
import type { Measures } from '../../records/measures.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import { SOURCE_KINDS } from '../../records/vocabulary.ts';
import { canonicalAddress } from '../capture/address.ts';
import { readInOrder } from '../capture/read-in-order.ts';
import { Headers, NETWORK } from '../capture/headers.ts';
import { Classifier } from '../classify/classifier.ts';
import { KIND } from '../classify/classes.ts';
import { SwarmParties } from './parties.ts';
import type { Spans } from './phases.ts';
import { clientOf, withoutNulls } from './uplink.ts';

type Restart = NonNullable<Measures['restart']>;
type Contact = Restart['contacts'][number];

/** Measures what the client did after its restart; undefined where the swarm had no marked members. */
export async function measureRestart(
  file: string,
  originUnixNs: bigint,
  identity: Identity,
  swarm: SwarmMap | null,
  timeline: readonly TimelineEvent[],
  spans: Spans,
): Promise<Restart | undefined> {
  if (swarm?.marked === undefined) return undefined;
  const marked = new Set(swarm.marked);
  const exits = new Set(withoutNulls([identity.exit4, identity.exit6]).map(canonicalAddress));
  const contacts = new Map<string, Contact>();
  const add = (id: string, link: Contact['link'], source: Contact['source'], atNs: number): void => {
    const key = `${id} ${link} ${source ?? ''}`;
    const before = contacts.get(key);
    contacts.set(key, {
      ...{ id, link, source },
      times: (before?.times ?? 0) + 1,
      firstNs: before?.firstNs ?? atNs,
    });
  };

  const startedNs = restartedAt(timeline, spans);
  const met = new Set<string>();
  for (const event of timeline) {
    const visit = event.kind === 'dht-query' || (event.kind === 'peer-connection' && event.direction === 'incoming');
    if (!visit || !marked.has(event.party) || event.atNs > spans.restoredNs) continue;
    if (event.atNs < startedNs) met.add(event.party);
    else if (exits.has(canonicalAddress(event.sourceAddress))) add(event.party, 'tunnel', null, event.atNs);
  }

  const classifier = new Classifier(clientOf(identity), swarm);
  const parties = new SwarmParties(swarm);
  const headers = new Headers();
  await readInOrder(file, originUnixNs, (frame) => {
    const judgement = classifier.judge(frame);
    if (judgement.kind !== KIND.clear || frame.atNs < startedNs || frame.atNs > spans.restoredNs) return;
    headers.read(frame);
    const v6 = headers.network === NETWORK.ip6;
    if (!v6 && headers.network !== NETWORK.ip4) return;
    const party = parties.find(frame.view, headers.destinationAt, v6, headers.destinationPort);
    if (party !== null && marked.has(party.id))
      add(party.id, 'clear', SOURCE_KINDS[judgement.source] ?? 'other', frame.atNs);
  });
  return {
    met: [...met].sort(),
    persisted: persistedBefore(timeline, startedNs),
    contacts: [...contacts.values()].sort((a, b) => a.firstNs - b.firstNs),
  };
}

/** Instant at which the client ran again: its last start, if that was part of the fault; else the fault itself. */
function restartedAt(timeline: readonly TimelineEvent[], { faultNs, restoredNs }: Spans): number {
  const ended = timeline.find((event) => event.kind === 'client-exited' && event.atNs >= faultNs);
  return ended !== undefined && ended.atNs < restoredNs ? ended.atNs : faultNs;
}

function persistedBefore(timeline: readonly TimelineEvent[], startedNs: number): Restart['persisted'] {
  const MARGIN_NS = 10e9;
  const rows = new Map<string, Restart['persisted'][number]>();
  for (const event of timeline) {
    if (event.kind !== 'persisted' || event.atNs > startedNs + MARGIN_NS || rows.has(event.path)) continue;
    rows.set(event.path, { path: event.path, holds: event.holds, marked: event.marked });
  }
  return [...rows.values()];
}
