/**
 * One flat row a trial: what the statistics, the exports and the figures need, in seconds, with missing as null. Drops
 * what only the drill-down shows (traffic by source kind, single exposures).
 */
import type { Cell } from '../../records/identity.ts';
import type { HandOut, Measures } from '../../records/measures.ts';
import { isDisturbed, type TrialRecord } from '../../records/trial-record.ts';
import { foundIn, type FoundRow } from './reach.ts';
import type { ClearClass, Party, SourceKind, Verdict } from '../../records/vocabulary.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

/** Knocks count as ended when the silence after the last is this many times their mean distance. */
const SILENCE_FACTOR = 5;

/** The compiler names the class or party that is missing here. */
export const NO_PACKETS: Readonly<Record<ClearClass, number>> = {
  'peer-tcp': 0,
  'peer-utp': 0,
  dht: 0,
  'tracker-http': 0,
  'tracker-udp': 0,
  lsd: 0,
  ssdp: 0,
  'nat-pmp': 0,
  dns: 0,
  stun: 0,
  icmp: 0,
  other: 0,
};
export const NO_PARTIES: Readonly<Record<Party, number>> = { tracker: 0, dht: 0, peer: 0, neighbour: 0, resolver: 0 };

export interface TrialRow {
  readonly trial: string;
  readonly cell: Cell;
  readonly repetition: number;
  /** 0 for the trial as planned, above it for a repeat of a disturbed one. */
  readonly attempt: number;
  readonly family: TrialRecord['killSwitchFamily'];
  readonly clientVersion: string | null;
  readonly binding: string;
  readonly verdict: Verdict;
  readonly reason: string;
  /** How far it reached and who learnt the address, of a trial that broke off too; null where nothing was measured. */
  readonly found: FoundRow | null;
  /** Measures of the trial; null where it was not measured, and then every number of it is. */
  readonly measured: MeasuredRow | null;
  /** Moment asked for to moment achieved: from its event to the injection. */
  readonly momentAchievedSeconds: number | null;
  /** Width of the fault's bracket: how well the instant of the fault is known. */
  readonly faultBracketSeconds: number | null;
  readonly heartbeatMaxDelaySeconds: number | null;
}

export interface MeasuredRow {
  /** Seconds from the fault to the last clear packet of the outage; null where none left. */
  readonly gapSeconds: number | null;
  readonly gapCensored: boolean;
  readonly firstClearSeconds: number | null;
  readonly detectionSeconds: number | null;
  readonly switchLatencySeconds: number | null;
  /** Clear packets of the outage. */
  readonly clearPackets: number;
  readonly clearBytes: number;
  readonly packetsByClass: Readonly<Record<ClearClass, number>>;
  readonly baselineClearPackets: number;
  readonly recoveryClearPackets: number;
  /** Third parties that learnt the address from the fault on, how many of each kind. */
  readonly exposedTo: Readonly<Record<Party, number>>;
  readonly knockPackets: number;
  readonly knockSenders: number;
  /** Seconds from containment to the last knock; null where none came. Censored: knocks still came at the end. */
  readonly addressSurvivalSeconds: number | null;
  readonly addressSurvivalCensored: boolean;
  readonly recoverySeconds: number | null;
  /** Times for which each party handed an address out to strangers; empty where nobody asked. */
  readonly handOuts: readonly HandOutRow[];
  /** Times for which each party handed the planted address out; absent where nobody asked. */
  readonly lives?: readonly LifeRow[];
  /** What was watched of the swarm to a horizon; absent where there was none. */
  readonly aftermath?: AftermathRow;
  /**
   * Seconds from the fault until a copyright monitor was told of the real address, and until it met it: null where it
   * never was or did. Null altogether where none watched.
   */
  readonly monitor: { readonly namedSeconds: number | null; readonly metSeconds: number | null } | null;
  /** What a client that was started again made of members it can only have learnt in the tunnel; null where it was not. */
  readonly restart: RestartRow | null;
}

interface RestartRow {
  /** Whether the client's files still held a marked member after its end. */
  readonly remembered: boolean;
  /** Whether the client came to a marked member in the clear, or through the tunnel. */
  readonly contactedInClear: boolean;
  readonly contactedInTunnel: boolean;
  /** The source kinds it bore in the clear. */
  readonly clearSources: readonly SourceKind[];
}

/** Instants in seconds since the fault. */
export interface AftermathRow {
  readonly clientGoneSeconds: number | null;
  readonly endSeconds: number | null;
  /** Knocks by whole seconds, and those after the client had ended: null in older records. */
  readonly knocksBySecond: NonNullable<Measures['knocksBySecond']>;
  readonly knocksAfterClient: { readonly packets: number; readonly senders: number } | null;
}

export interface HandOutRow {
  readonly party: Party;
  readonly id: string;
  readonly who: HandOut['who'];
  /** Answers that named it. */
  readonly answers: number;
  /** First answer with it, and first without it or else the last with it: since the fault. */
  readonly fromSeconds: number;
  readonly untilSeconds: number;
  /** Seconds from learning the address (or else the first hand-out) to the first answer without it. */
  readonly seconds: number;
  /** Whether the address was still handed out when last asked. */
  readonly censored: boolean;
}

/** The life of an address announced once at a known instant, as one party of known software hands it out. */
export interface LifeRow {
  readonly id: string;
  readonly software: string;
  readonly version: string;
  /** Seconds after which the implementation's source lets a peer expire; null where that lets nothing expire. */
  readonly documentedSeconds: number | null;
  /** Seconds between which the source lets a life end as seen from outside; absent where the record does not say. */
  readonly windowSeconds?: readonly [number, number] | null;
  readonly source: string;
  /** Seconds to the last answer with the address, and to the first without it (null: never seen to end). */
  readonly atLeastSeconds: number;
  readonly atMostSeconds: number | null;
}

/** The row of `record`, measured by `measures` (its own sealed ones, or recomputed ones). */
export function rowOf(record: TrialRecord, measures: Measures | null = record.measures): TrialRow {
  const { fault } = record.instants;
  return {
    trial: record.trial,
    cell: record.cell,
    repetition: record.repetition,
    attempt: record.attempt,
    family: record.killSwitchFamily,
    clientVersion: record.clientVersion,
    binding: record.binding,
    ...verdictOf(record, measures),
    found: record.outcome.status === 'unsupported' ? null : foundIn(measures),
    measured: measures === null || record.outcome.status !== 'completed' ? null : measuredRow(record, measures),
    momentAchievedSeconds: seconds(record.momentAchievedNs),
    faultBracketSeconds: fault === null ? null : seconds(fault.afterNs - fault.beforeNs),
    heartbeatMaxDelaySeconds: seconds(record.heartbeatMaxDelayNs),
  };
}

/** The verdict: a trial that did not complete or was not measured is never evidence of safety. */
function verdictOf(record: TrialRecord, measures: Measures | null): Pick<TrialRow, 'verdict' | 'reason'> {
  const { outcome } = record;
  if (outcome.status === 'unsupported') return { verdict: 'unsupported', reason: outcome.reason };
  if (outcome.status === 'failed') return { verdict: 'inconclusive', reason: `${outcome.stage}: ${outcome.reason}` };
  if (measures === null) return { verdict: 'inconclusive', reason: 'the trial was not measured' };
  if (isDisturbed(record))
    return { verdict: 'inconclusive', reason: 'the machine was disturbed: the heartbeat came late' };
  return { verdict: measures.verdict, reason: measures.reason };
}

function measuredRow(record: TrialRecord, measures: Measures): MeasuredRow {
  const faultNs = record.instants.fault?.beforeNs ?? null;
  const after = (instantNs: number | null): number | null =>
    instantNs === null || faultNs === null ? null : seconds(instantNs - faultNs);
  return {
    gapSeconds: seconds(measures.gapNs),
    gapCensored: measures.gapCensored,
    firstClearSeconds: after(measures.firstClearNs),
    detectionSeconds: seconds(measures.detectionNs),
    switchLatencySeconds: seconds(measures.switchLatencyNs),
    clearPackets: measures.clearPackets,
    clearBytes: measures.clearBytes,
    packetsByClass: packetsByClass(measures),
    baselineClearPackets: measures.baselineClearPackets,
    recoveryClearPackets: measures.recoveryClearPackets,
    exposedTo: exposedTo(measures),
    knockPackets: measures.knocks.packets,
    knockSenders: measures.knocks.senders,
    ...addressSurvival(record, measures),
    recoverySeconds: seconds(measures.recoveryNs),
    handOuts: (measures.handOuts ?? []).map((handOut) => handOutRow(handOut, faultNs ?? 0)),
    restart: restartRow(measures.restart),
    ...(record.aftermath === undefined ? {} : { lives: livesOf(measures, record.aftermath.infrastructure) }),
    ...(record.aftermath === undefined
      ? {}
      : {
          aftermath: {
            clientGoneSeconds: after(record.aftermath.clientGoneNs),
            endSeconds: after(record.aftermath.endNs),
            knocksBySecond: measures.knocksBySecond ?? [],
            knocksAfterClient: measures.knocksAfterClient ?? null,
          },
        }),
    monitor:
      measures.monitor === undefined
        ? null
        : {
            namedSeconds: after(measures.monitor.named?.atNs ?? null),
            metSeconds: after(measures.monitor.met?.atNs ?? null),
          },
  };
}

function restartRow(restart: Measures['restart']): RestartRow | null {
  if (restart === undefined) return null;
  const contacted = (link: 'tunnel' | 'clear'): boolean => restart.contacts.some((contact) => contact.link === link);
  return {
    remembered: restart.persisted.some(({ marked }) => marked !== null && marked.length > 0),
    contactedInClear: contacted('clear'),
    contactedInTunnel: contacted('tunnel'),
    clearSources: [...new Set(restart.contacts.flatMap(({ source }) => source ?? []))],
  };
}

function handOutRow(handOut: HandOut, faultNs: number): HandOutRow {
  const { party, id, who, handOuts: answers, firstNs, lastNs, goneNs, learntNs } = handOut;
  const spanNs = (goneNs ?? lastNs) - (learntNs ?? firstNs);
  return {
    ...{ party, id, who, answers },
    fromSeconds: (firstNs - faultNs) / NS_PER_SECOND,
    untilSeconds: ((goneNs ?? lastNs) - faultNs) / NS_PER_SECOND,
    seconds: Math.max(0, spanNs) / NS_PER_SECOND,
    censored: goneNs === null,
  };
}

function livesOf(
  { handOuts = [] }: Measures,
  infrastructure: NonNullable<TrialRecord['aftermath']>['infrastructure'],
): LifeRow[] {
  return handOuts.flatMap(({ id, who, lastNs, goneNs, learntNs }) => {
    const known = infrastructure.find((each) => each.id === id);
    if (who !== 'planted' || learntNs === null || known === undefined) return [];
    const { software, version, expirySeconds: documentedSeconds, windowSeconds, source } = known;
    const atLeastSeconds = Math.max(0, lastNs - learntNs) / NS_PER_SECOND;
    const atMostSeconds = goneNs === null ? null : (goneNs - learntNs) / NS_PER_SECOND;
    return [
      {
        ...{ id, software, version, documentedSeconds, source, atLeastSeconds, atMostSeconds },
        ...(windowSeconds === undefined ? {} : { windowSeconds }),
      },
    ];
  });
}

function packetsByClass(measures: Measures): Record<ClearClass, number> {
  const packets = { ...NO_PACKETS };
  for (const traffic of measures.traffic) if (traffic.phase === 'gap') packets[traffic.class] += traffic.packets;
  return packets;
}

/** Counts each third party once, and only from the fault on: what was known before needed no fault. */
function exposedTo(measures: Measures): Record<Party, number> {
  const parties = { ...NO_PARTIES };
  const met = new Set<string>();
  for (const exposure of measures.exposures) {
    const id = `${exposure.party} ${exposure.id}`;
    if (exposure.phase === 'baseline' || met.has(id)) continue;
    met.add(id);
    parties[exposure.party] += 1;
  }
  return parties;
}

/**
 * Seconds for which the swarm still came to the real address after containment. The trial ends some time: where the
 * silence after the last knock is not much longer than the knocks' own distance, the true time may be longer.
 */
function addressSurvival(
  record: TrialRecord,
  measures: Measures,
): Pick<MeasuredRow, 'addressSurvivalSeconds' | 'addressSurvivalCensored'> {
  const { packets, firstNs, lastNs } = measures.knocks;
  const contained = measures.lastClearNs;
  if (firstNs === null || lastNs === null || contained === null) {
    return { addressSurvivalSeconds: null, addressSurvivalCensored: false };
  }
  const endNs = record.aftermath?.endNs ?? record.instants.endNs;
  const distance = packets > 1 ? (lastNs - firstNs) / (packets - 1) : lastNs - contained;
  const censored = endNs === null || endNs - lastNs < SILENCE_FACTOR * distance;
  return { addressSurvivalSeconds: Math.max(0, lastNs - contained) / NS_PER_SECOND, addressSurvivalCensored: censored };
}

function seconds(ns: number | null): number | null {
  return ns === null ? null : ns / NS_PER_SECOND;
}
