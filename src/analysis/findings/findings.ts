/**
 * Findings of a trial from its record, timeline and captures: a function of these alone.
 *
 *   wan capture    --> when the tunnel is back --> phases
 *                  --> packets that reached a party -----------+
 *   uplink capture --> clear traffic, each packet's author ----+--> disclosures --> reach of each phase
 *   timeline       --> what the parties say they met ----------+
 */
import type { Disclosure, ClearTraffic, Findings, Reach } from '../../records/findings.ts';
import { REACHES, REACH_OF } from '../../records/findings.ts';
import { endpointsOf, isPlacebo, type Identity } from '../../records/identity.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { readInOrder } from '../capture/read-in-order.ts';
import { Authorship } from './authorship.ts';
import { clearTraffic, type Sent, type UplinkTraffic } from './clear-traffic.ts';
import { availabilityOf, firstPayload } from './availability.ts';
import { disclosuresOf } from './disclosures.ts';
import { SentPackets } from './packet-key.ts';
import { closedAt, phasesOf, type PhaseSpan } from './trial-phases.ts';
import { TunnelReturn } from './tunnel-return.ts';
import { WanContacts } from './wan-contacts.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

/** A client that still sent so shortly before the outage's end may have gone on. */
const CENSORING_NS = NS_PER_SECOND;

const NOTHING_LEFT: UplinkTraffic = { rows: [], sent: new SentPackets<Sent>() };

export interface FindingsEvidence {
  readonly record: TrialRecord;
  readonly timeline: readonly TimelineEvent[];
  /** Paths of the captures; null where there is none, and then what the parties say stands alone. */
  readonly uplinkFile: string | null;
  readonly wanFile: string | null;
  /** What could have hidden something, each as a clause. */
  readonly doubts: readonly string[];
}

/**
 * The findings of a trial, of one that broke off too; null for one whose client was never identified.
 * @throws when a capture cannot be opened or is no capture.
 */
export async function findingsOf({
  record,
  timeline,
  uplinkFile,
  wanFile,
  doubts,
}: FindingsEvidence): Promise<Findings | null> {
  const { identity, swarm, instants } = record;
  if (identity === null || swarm === null) return null;
  const origin = BigInt(record.originUnixNs);
  const back = new TunnelReturn(endpointsOf(identity), instants.restored?.beforeNs ?? Infinity);
  const wan = new WanContacts(identity, swarm);
  if (wanFile !== null) {
    await readInOrder(wanFile, origin, (frame) => {
      back.see(frame);
      wan.see(frame);
    });
  }
  // Nothing fell in a placebo: its window ends as the observation of an outage would, and nothing is to come back.
  const placebo = isPlacebo(record.cell);
  const open = phasesOf(record, timeline, placebo ? (instants.restored?.beforeNs ?? null) : back.atNs);
  const authorship = new Authorship(timeline, instants.clientStartedNs);
  const { rows: clear, sent } =
    uplinkFile === null ? NOTHING_LEFT : await clearTraffic(uplinkFile, origin, identity, swarm, open, authorship);
  // Without the uplink nobody can tell a packet of the client's from the home router's own.
  const contacts = uplinkFile === null ? [] : wan.contacts;
  const spans = closedAt(open, [
    ...[timeline.at(-1)?.atNs ?? 0, contacts.at(-1)?.atNs ?? 0],
    ...clear.map(({ lastNs }) => lastNs),
  ]);
  const { rows: disclosures, routerPackets } = disclosuresOf(timeline, identity, spans, contacts, sent, authorship);
  return {
    phases: spans.map((span) => ({ ...span, reach: reachOf(span, disclosures, clear) })),
    disclosures: [...disclosures],
    clear: [...clear],
    routerPackets,
    doubts: [...doubts],
    ...afterwards(record, timeline, identity, spans, clear, placebo ? null : back.atNs),
  };
}

/** The worst that happened in a phase. */
function reachOf({ phase }: PhaseSpan, disclosures: readonly Disclosure[], clear: readonly ClearTraffic[]): Reach {
  const found = new Set<Reach>([
    ...disclosures.flatMap((each) => (each.phase === phase ? [REACH_OF[each.party.kind]] : [])),
    ...clear.flatMap((each) => (each.phase === phase ? [each.scope] : [])),
  ]);
  return REACHES.find((reach) => found.has(reach)) ?? 'none';
}

function afterwards(
  record: TrialRecord,
  timeline: readonly TimelineEvent[],
  identity: Identity,
  spans: readonly PhaseSpan[],
  clear: readonly ClearTraffic[],
  tunnelBackNs: number | null,
): Pick<Findings, 'latency' | 'availability'> {
  const { fault, restored } = record.instants;
  const since = (atNs: number | null | undefined): number | null =>
    fault === null || atNs === null || atNs === undefined ? null : atNs - fault.beforeNs;
  const outage = spans.find(({ phase }) => phase === 'outage');
  const last = (author: 'client' | 'kernel'): number | null =>
    clear.reduce<number | null>(
      (latest, row) =>
        row.phase === 'outage' && row.author === author ? Math.max(latest ?? row.lastNs, row.lastNs) : latest,
      null,
    );
  const lastClient = last('client');
  const told = (stage: string): number | undefined =>
    timeline.find(
      (each) => each.kind === 'switch' && each.stage === stage && each.atNs >= (fault?.beforeNs ?? Infinity),
    )?.atNs;
  const payloadNs = isPlacebo(record.cell) ? null : firstPayload(timeline, identity, restored?.beforeNs ?? Infinity);
  const untilNs = spans.findLast(({ phase }) => phase !== 'aftermath')?.untilNs ?? restored?.beforeNs ?? 0;
  return {
    latency: {
      noticedNs: since(told('noticed')),
      actedNs: since(told('acted')),
      lastClientNs: since(lastClient),
      lastKernelNs: since(last('kernel')),
      censored: lastClient !== null && outage !== undefined && lastClient >= outage.untilNs - CENSORING_NS,
      tunnelBackNs: since(tunnelBackNs),
      firstPayloadNs: since(payloadNs),
    },
    availability: availabilityOf(record, timeline, identity, untilNs),
  };
}
