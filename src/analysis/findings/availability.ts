/**
 * What works again after the fault was undone: payload at all, and each way in which the client had used the tunnel before.
 * A way that had been silent for longer than what was watched, before the fault too, cannot be said to be gone.
 */
import { AVAILABLE_WAYS, type AvailableWay, type Findings } from '../../records/findings.ts';
import { type Identity, isPlacebo } from '../../records/identity.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { NS_PER_SECOND } from '../../records/units.ts';
import { canonicalAddress } from '../capture/address.ts';
import { withoutNulls } from '../measure/uplink.ts';

type State = Findings['availability']['state'];

/** When a peer first handed payload to the tunnel's exit from an instant on; null when none did. */
export function firstPayload(timeline: readonly TimelineEvent[], identity: Identity, sinceNs: number): number | null {
  const isExit = exitsOf(identity);
  return (
    timeline.find((each) => each.kind === 'peer-piece' && each.atNs >= sinceNs && isExit(each.sourceAddress))?.atNs ??
    null
  );
}

/** @param untilNs the end of what was watched. */
export function availabilityOf(
  { cell, instants: { restored, fault } }: TrialRecord,
  timeline: readonly TimelineEvent[],
  identity: Identity,
  untilNs: number,
): Findings['availability'] {
  if (restored === null || fault === null || isPlacebo(cell)) return { state: 'not-asked', seconds: null };
  const fromNs = restored.beforeNs;
  const last = timeline.findLast(
    ({ kind, atNs }) => (kind === 'client-exited' || kind === 'client-started') && atNs < untilNs,
  );
  const watchedNs = last?.kind === 'client-exited' ? null : Math.max(0, untilNs - fromNs);
  const answer = (firstNs: number | null): { state: State; seconds: number | null } => {
    if (firstNs !== null) return { state: 'recovered', seconds: (firstNs - fromNs) / NS_PER_SECOND };
    if (watchedNs === null) return { state: 'not-asked', seconds: null };
    return { state: 'never', seconds: watchedNs / NS_PER_SECOND };
  };
  const uses = usesOf(timeline, exitsOf(identity));
  const ways = AVAILABLE_WAYS.flatMap((way) => {
    const instants = uses.get(way) ?? [];
    const before = instants.filter((atNs) => atNs < fault.beforeNs);
    if (before.length === 0) return [];
    const firstNs = instants.find((atNs) => atNs >= fromNs && atNs <= untilNs) ?? null;
    const wasSilent = longestSilence(before, fault.beforeNs) > (watchedNs ?? 0);
    return [
      { way, ...(firstNs === null && wasSilent ? { state: 'not-asked' as const, seconds: null } : answer(firstNs)) },
    ];
  });
  return { ...answer(firstPayload(timeline, identity, fromNs)), ways };
}

/** When each way was used through the tunnel, as those at its other end say it. */
function usesOf(
  timeline: readonly TimelineEvent[],
  isExit: (address: string) => boolean,
): ReadonlyMap<AvailableWay, readonly number[]> {
  const uses = new Map<AvailableWay, number[]>();
  /** What is known of a connection where it is made, and what comes over it later has not. */
  const connections = new Map<string, AvailableWay>();
  for (const event of timeline) {
    if (!('party' in event) || !('sourceAddress' in event) || !isExit(event.sourceAddress)) continue;
    const way = wayOf(event, connections);
    if (way === null) continue;
    const instants = uses.get(way);
    if (instants === undefined) uses.set(way, [event.atNs]);
    else instants.push(event.atNs);
  }
  return uses;
}

function wayOf(event: TimelineEvent, connections: Map<string, AvailableWay>): AvailableWay | null {
  if (event.kind === 'tracker-announce') return `announce-${event.transport}`;
  if (event.kind === 'dht-query') return 'dht';
  if (event.kind === 'peer-connection') {
    connections.set(connectionOf(event), event.direction === 'outgoing' ? 'incoming' : event.transport);
    return null;
  }
  const spoken =
    event.kind === 'peer-handshake' ||
    event.kind === 'peer-extended' ||
    event.kind === 'peer-pex' ||
    event.kind === 'peer-piece';
  return spoken ? (connections.get(connectionOf(event)) ?? null) : null;
}

function connectionOf({
  party,
  sourceAddress,
  sourcePort,
}: {
  party: string;
  sourceAddress: string;
  sourcePort: number;
}): string {
  return `${party} ${sourceAddress} ${sourcePort}`;
}

function longestSilence(instants: readonly number[], untilNs: number): number {
  return [...instants.slice(1), untilNs].reduce(
    (longest, atNs, at) => Math.max(longest, atNs - (instants[at] ?? atNs)),
    0,
  );
}

/** Whether an address is the tunnel's exit. The same few are asked again and again, so answers are kept. */
function exitsOf({ exit4, exit6 }: Identity): (address: string) => boolean {
  const exits = new Set(withoutNulls([exit4, exit6]).map(canonicalAddress));
  const answers = new Map<string, boolean>();
  return (address) => {
    let answer = answers.get(address);
    if (answer === undefined) answers.set(address, (answer = exits.has(canonicalAddress(address))));
    return answer;
  };
}
