/**
 * Makes a trial's measures and verdict of its record, timeline and captures. A function of these inputs alone: the
 * same files give the same bytes, with no lab and on any machine.
 *
 *   record + timeline --> spans --> uplink capture --> gap, traffic, housekeeping, witness
 *                                   timeline       --> exposures, hand-outs, detection, recovery
 *                                   WAN capture    --> exposures, knocks            --> verdict
 */
import { isPlacebo, type Identity } from '../../records/identity.ts';
import type { Exposure, Measures } from '../../records/measures.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord, WitnessCount } from '../../records/trial-record.ts';
import { canonicalAddress } from '../capture/address.ts';
import type { CaptureReport } from '../capture/read-capture.ts';
import { findingsOf } from '../findings/findings.ts';
import { findExposures } from './exposures.ts';
import { findHandOuts } from './hand-outs.ts';
import { measureWan } from './wan.ts';
import { findMonitorView } from './monitor-finds.ts';
import { type Spans, spansOf } from './phases.ts';
import { measureRestart } from './restart.ts';
import { type UplinkMeasures, measureUplink, withoutNulls } from './uplink.ts';
import { type Findings, blindnessOf, judge, problemsOfRecord, problemsOfWitnesses } from './verdict.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

/** Clear packets so close to the end of the outage mean that it ended before containment could be seen. */
const CENSORING_NS = NS_PER_SECOND;

export interface TrialEvidence {
  readonly record: TrialRecord;
  readonly timeline: readonly TimelineEvent[];
  /** Paths of the sealed captures; null where there is none. */
  readonly uplinkFile: string | null;
  readonly wanFile: string | null;
}

export interface TrialMeasures {
  readonly measures: Measures;
  /** The capture's count of frames leaving the client, to be held against the router's counters. */
  readonly uplink: WitnessCount;
  /** What forbids a verdict, each as a clause; empty for a trial that counts. */
  readonly problems: string[];
}

/**
 * Measures a trial. Never throws for what a trial can lack: that makes it inconclusive.
 * @throws when a capture named cannot be opened or is no capture.
 */
export async function measureTrial({ record, timeline, uplinkFile, wanFile }: TrialEvidence): Promise<TrialMeasures> {
  const spans = spansOf(record, timeline);
  const problems = [...problemsOfRecord(record), ...problemsOfSpans(record, spans)];
  const { identity, swarm } = record;
  const origin = BigInt(record.originUnixNs);
  if (identity === null || uplinkFile === null) {
    problems.push(identity === null ? 'the client was never identified' : 'the uplink capture is missing');
    // What the parties say that they learnt stands without a capture.
    const told = await findingsOf({
      record,
      timeline,
      uplinkFile,
      wanFile,
      doubts: doubtsOf(record, problems, wanFile),
    });
    const nothing: Findings = { ...NOTHING, ...(told === null ? {} : { findings: told }) };
    return { ...withVerdict(record, nothing, problems), uplink: NO_FRAMES };
  }
  const uplink = await measureUplink(uplinkFile, origin, identity, swarm, spans);
  problems.push(...problemsOfCapture(record, 'uplink', uplink.report));
  problems.push(...problemsOfWitnesses(record.counters, uplink.witness));

  let { knocks } = NOTHING;
  let toHorizon: Pick<Measures, 'knocksBySecond' | 'knocksAfterClient'> = {};
  let contacts: readonly Exposure[] = [];
  if (wanFile !== null && swarm !== null) {
    const { aftermath } = record;
    const wan = await measureWan(wanFile, origin, identity, swarm, spans, {
      containmentNs: uplink.lastClearNs ?? spans.faultNs,
      clientGoneNs: aftermath?.clientGoneNs ?? null,
      untilNs: aftermath?.endNs ?? spans.endNs,
    });
    problems.push(...problemsOfCapture(record, 'wan', wan.report));
    knocks = wan.knocks;
    if (aftermath !== undefined)
      toHorizon = { knocksBySecond: wan.knocksBySecond, knocksAfterClient: wan.knocksAfterClient };
    contacts = wan.exposures;
  }
  const found = await findingsOf({
    record,
    timeline,
    uplinkFile,
    wanFile,
    doubts: doubtsOf(record, problems, wanFile),
  });
  const restart = await measureRestart(uplinkFile, origin, identity, swarm, timeline, spans);
  const monitor = findMonitorView(timeline, identity, spans.faultNs);
  const handOuts = findHandOuts(timeline, identity, record);
  const findings: Findings = {
    ...gapOf(uplink, spans),
    ...reactionOf(timeline, spans.faultNs),
    traffic: uplink.traffic,
    housekeeping: uplink.housekeeping,
    exposures: [...findExposures(timeline, identity, spans, uplink.lastClearNs), ...contacts].sort(
      (a, b) => a.firstNs - b.firstNs,
    ),
    knocks,
    ...(handOuts === undefined ? {} : { handOuts }),
    ...(monitor === undefined ? {} : { monitor }),
    ...(restart === undefined ? {} : { restart }),
    ...(found === null ? {} : { findings: found }),
    ...toHorizon,
    recoveryNs: recoveryOf(record, timeline, identity),
  };
  return { ...withVerdict(record, findings, problems), uplink: uplink.witness };
}

function doubtsOf(record: TrialRecord, problems: readonly string[], wanFile: string | null): string[] {
  return [...problems, ...(wanFile === null ? ['the wan capture is missing'] : []), ...blindnessOf(record)];
}

function withVerdict(record: TrialRecord, findings: Findings, problems: string[]): Omit<TrialMeasures, 'uplink'> {
  return { measures: { ...judge(record, findings, problems), ...findings }, problems };
}

type Gap = Pick<
  Findings,
  | 'gapNs'
  | 'gapCensored'
  | 'firstClearNs'
  | 'lastClearNs'
  | 'clearPackets'
  | 'clearBytes'
  | 'baselineClearPackets'
  | 'recoveryClearPackets'
>;

function gapOf({ traffic, firstClearNs, lastClearNs }: UplinkMeasures, { faultNs, restoredNs }: Spans): Gap {
  const sum = (phase: string, field: 'packets' | 'bytes'): number =>
    traffic.reduce((total, row) => (row.phase === phase ? total + row[field] : total), 0);
  return {
    gapNs: lastClearNs === null ? null : lastClearNs - faultNs,
    gapCensored: lastClearNs !== null && lastClearNs >= restoredNs - CENSORING_NS,
    firstClearNs,
    lastClearNs,
    clearPackets: sum('gap', 'packets'),
    clearBytes: sum('gap', 'bytes'),
    baselineClearPackets: sum('baseline', 'packets'),
    recoveryClearPackets: sum('recovery', 'packets'),
  };
}

/** Times at which the switch says it noticed and had acted, in nanoseconds since the fault's earliest instant. */
function reactionOf(
  timeline: readonly TimelineEvent[],
  faultNs: number,
): Pick<Findings, 'detectionNs' | 'switchLatencyNs'> {
  const since = (stage: string): number | null => {
    const instants = timeline.flatMap((event) =>
      event.kind === 'switch' && event.stage === stage && event.atNs >= faultNs ? [event.atNs - faultNs] : [],
    );
    return instants.length === 0 ? null : instants.reduce((least, ns) => Math.min(least, ns));
  };
  return { detectionNs: since('noticed'), switchLatencyNs: since('acted') };
}

/**
 * Nanoseconds from restoration to the first payload a peer handed to the tunnel's exit; 0 when it came while
 * restoration went on. Null where none came, and in a placebo, where nothing had to come back.
 */
function recoveryOf(record: TrialRecord, timeline: readonly TimelineEvent[], identity: Identity): number | null {
  const { restored } = record.instants;
  if (restored === null || isPlacebo(record.cell)) return null;
  const exits = new Set(withoutNulls([identity.exit4, identity.exit6]).map(canonicalAddress));
  const pieces = timeline.flatMap((event) =>
    event.kind === 'peer-piece' && event.atNs >= restored.beforeNs && exits.has(canonicalAddress(event.sourceAddress))
      ? [event.atNs]
      : [],
  );
  if (pieces.length === 0) return null;
  const first = pieces.reduce((least, atNs) => Math.min(least, atNs));
  return Math.max(0, first - restored.afterNs);
}

/** The timeline says when the trial closed: before its outage, nothing of the outage was looked at. */
function problemsOfSpans({ instants }: TrialRecord, { restoredNs }: Spans): string[] {
  if (instants.fault === null || restoredNs > instants.fault.afterNs) return [];
  return ['the trial closed before its outage began, so nothing of the outage was looked at'];
}

function problemsOfCapture(record: TrialRecord, name: 'uplink' | 'wan', report: CaptureReport): string[] {
  if (report.broken !== null) return [`the ${name} capture is damaged ${report.broken}`];
  const sealed = record.captures.find((capture) => capture.name === name);
  if (sealed === undefined) return [];
  const { dropped } = report;
  if (dropped !== null && dropped > (sealed.dropped ?? 0)) {
    return [`the ${name} capture says that it dropped ${dropped} packets, and was sealed with ${sealed.dropped ?? 0}`];
  }
  if (sealed.packets === report.packets) return [];
  return [`the ${name} capture holds ${report.packets} of the ${sealed.packets} packets it was sealed with`];
}

const NO_FRAMES: WitnessCount = { clear: 0, tunnel: 0, housekeeping: 0 };
const NOTHING: Findings = {
  gapNs: null,
  gapCensored: false,
  firstClearNs: null,
  lastClearNs: null,
  detectionNs: null,
  switchLatencyNs: null,
  clearPackets: 0,
  clearBytes: 0,
  traffic: [],
  housekeeping: [],
  exposures: [],
  knocks: { packets: 0, senders: 0, firstNs: null, lastNs: null },
  recoveryNs: null,
  baselineClearPackets: 0,
  recoveryClearPackets: 0,
};
