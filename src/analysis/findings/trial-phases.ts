/**
 * Cuts a trial into the phases that findings are told in. The outage ends when the tunnel carries traffic again, not when
 * its reversal begins: what leaves in between leaves because the tunnel is down.
 */
import type { TimelineEvent } from '../../records/timeline.ts';
import { TRIAL_PHASES, type TrialPhase } from '../../records/findings.ts';
import type { TrialRecord } from '../../records/trial-record.ts';

/** One phase of a trial; `untilNs` belongs to the next. */
export interface PhaseSpan {
  readonly phase: TrialPhase;
  readonly fromNs: number;
  readonly untilNs: number;
}

/** The end of a trial that broke off: what was seen last says when it was (`closedAt`). */
const OPEN = Number.MAX_SAFE_INTEGER;

/**
 * The phases that the trial had, in their order. One that broke off has those before its end, and the last one is open.
 * @param tunnelBackNs when the tunnel carried traffic again after the fault; null when it did not while it was watched.
 */
export function phasesOf(
  record: TrialRecord,
  timeline: readonly TimelineEvent[],
  tunnelBackNs: number | null,
): PhaseSpan[] {
  const { armedNs, clientStartedNs, steadyNs, fault, endNs } = record.instants;
  const { aftermath } = record;
  const started = armedNs ?? clientStartedNs;
  if (started === null) return [];
  const closing = timeline.find((event) => event.kind === 'phase' && event.name === 'closing')?.atNs;
  const end = aftermath?.endNs ?? closing ?? endNs ?? OPEN;
  const begins: Record<TrialPhase, number | null> = {
    start: started,
    steady: steadyNs,
    outage: fault?.beforeNs ?? null,
    recovery: fault === null ? null : tunnelBackNs,
    aftermath: aftermath?.clientGoneNs ?? null,
  };
  const marks = TRIAL_PHASES.flatMap((phase) => {
    const fromNs = begins[phase];
    return fromNs === null || fromNs > end ? [] : [{ phase, fromNs }];
  });
  // A tunnel that came back only after the client had gone gives no recovery: the aftermath is later in the list.
  const kept = marks.filter(({ fromNs }, at) => marks.slice(at + 1).every((later) => later.fromNs >= fromNs));
  return kept.map(({ phase, fromNs }, at) => ({ phase, fromNs, untilNs: kept[at + 1]?.fromNs ?? end }));
}

/** The spans with the last one closed, where it is open, at the last that was seen in it. */
export function closedAt(spans: readonly PhaseSpan[], seenNs: readonly number[]): PhaseSpan[] {
  return spans.map((span) =>
    span.untilNs === OPEN ? { ...span, untilNs: seenNs.reduce((last, ns) => Math.max(last, ns), span.fromNs) } : span,
  );
}

/** The phase of an instant; null outside all of them. The last one has its end. */
export function phaseAt(spans: readonly PhaseSpan[], atNs: number): TrialPhase | null {
  for (let at = spans.length - 1; at >= 0; at--) {
    const span = spans[at];
    if (span === undefined || atNs < span.fromNs) continue;
    return atNs < span.untilNs || (at === spans.length - 1 && atNs === span.untilNs) ? span.phase : null;
  }
  return null;
}
