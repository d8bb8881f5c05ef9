/**
 * Cuts a trial into baseline, outage and recovery at its brackets. The outage begins at the earliest instant the fault
 * can have struck and ends at the earliest it can have been undone, so nothing of the outage is ascribed to a working tunnel.
 * What lies outside (setup, closing, the lab's canaries) belongs to no phase.
 */
import { LONGEST_SECONDS } from '../../records/bounded.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

export const SPAN = { outside: -1, baseline: 0, outage: 1, recovery: 2 } as const;

export interface Spans {
  readonly startNs: number;
  readonly faultNs: number;
  readonly restoredNs: number;
  readonly endNs: number;
}

export function spansOf(record: TrialRecord, timeline: readonly TimelineEvent[]): Spans {
  const { clientStartedNs, fault, restored, endNs } = record.instants;
  const closing = timeline.find((event) => event.kind === 'phase' && event.name === 'closing');
  // A frame that claims to be from the far future is of no trial.
  const end = Math.min(closing?.atNs ?? Infinity, endNs ?? Infinity, LONGEST_SECONDS * NS_PER_SECOND);
  const restoredNs = Math.min(restored?.beforeNs ?? end, end);
  const faultNs = Math.min(fault?.beforeNs ?? restoredNs, restoredNs);
  return { startNs: Math.min(clientStartedNs ?? faultNs, faultNs), faultNs, restoredNs, endNs: end };
}

export function spanAt(spans: Spans, atNs: number): number {
  if (atNs < spans.startNs || atNs > spans.endNs) return SPAN.outside;
  if (atNs < spans.faultNs) return SPAN.baseline;
  return atNs < spans.restoredNs ? SPAN.outage : SPAN.recovery;
}
