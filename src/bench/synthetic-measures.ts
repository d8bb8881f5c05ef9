/**
 * What an invented trial measured: drawn from how its kill switch is said to behave. See synthetic.ts.
 */
import { ADDRESS, SWARM } from '../contracts/addresses.ts';
import type { RandomStream } from '../analysis/statistics/random.ts';
import type { Exposure, HandOut, Measures, Traffic } from '../records/measures.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import type { ClearClass } from '../records/vocabulary.ts';
import { NS_PER_SECOND as S } from '../records/units.ts';

/** Nanoseconds of a second, and the instants of every invented trial. */
export const FAULT_NS = 10 * S;
export const RESTORED_NS = 18 * S;
export const END_NS = 24 * S;
/** The address that the swarm must not learn. */
const REAL = ADDRESS.wan.v4;

/** How one kill switch behaves in an invented campaign. */
export interface SyntheticSwitch {
  readonly id: string;
  readonly family: TrialRecord['killSwitchFamily'];
  /** Chance that a trial leaks. */
  readonly leak: number;
  /** Median of the gap of a leaking trial, in seconds; null lasts to the end of the outage. */
  readonly gapSeconds: number | null;
  /** Period of its polling, in seconds, where it polls. */
  readonly pollSeconds?: number;
  /** Clients that do not support it. */
  readonly unsupportedBy?: readonly string[];
}

/** Measures of one trial under `behaviour`. */
export function syntheticMeasures(behaviour: SyntheticSwitch, random: RandomStream): Measures {
  const leaks = random.uniform() < behaviour.leak;
  const outage = RESTORED_NS - FAULT_NS;
  const polled = behaviour.pollSeconds === undefined ? null : random.uniform() * behaviour.pollSeconds * S;
  const detectionNs = polled === null ? null : Math.round(polled);
  const switchLatencyNs = detectionNs === null ? null : detectionNs + 8_000_000 + random.below(9_000_000);
  const censored = behaviour.gapSeconds === null;
  const spread = (behaviour.gapSeconds ?? 0) * S * Math.exp(random.uniform() - 0.5);
  const gapNs = !leaks ? null : Math.round(censored ? outage - random.below(2e8) : (switchLatencyNs ?? spread));
  const traffic = gapNs === null ? [] : syntheticTraffic(gapNs, random);
  const sum = (of: (one: Traffic) => number): number => traffic.reduce((all, one) => all + of(one), 0);
  const knocks = gapNs === null ? 0 : 1 + random.below(20);
  const contained = FAULT_NS + (gapNs ?? 0);
  return {
    verdict: leaks ? 'leak' : 'no-leak',
    reason: leaks ? 'clear packets left during the outage' : 'no clear packet left during the outage',
    gapNs,
    gapCensored: gapNs !== null && censored,
    firstClearNs: gapNs === null ? null : FAULT_NS + Math.min(gapNs, 400_000),
    lastClearNs: gapNs === null ? null : contained,
    detectionNs,
    switchLatencyNs,
    clearPackets: sum(({ packets }) => packets),
    clearBytes: sum(({ bytes }) => bytes),
    traffic,
    housekeeping: [{ phase: 'baseline', class: 'arp', packets: 2, bytes: 84 }],
    exposures: gapNs === null ? [] : syntheticExposures(gapNs, random),
    knocks: {
      packets: knocks,
      senders: Math.min(knocks, 3),
      firstNs: knocks === 0 ? null : contained + 50_000_000,
      lastNs: knocks === 0 ? null : Math.min(END_NS, contained + 50_000_000 + random.below(5e9)),
    },
    knocksBySecond: gapNs === null ? [] : [{ second: Math.ceil(gapNs / S), packets: knocks }],
    knocksAfterClient: { packets: 0, senders: 0, firstNs: null, lastNs: null },
    monitor: {
      named: null,
      met: gapNs === null ? null : { ...MET, atNs: contained },
      rows: gapNs === null ? 0 : 1,
      beforeFault: 0,
    },
    restart: gapNs === null ? { met: [], persisted: [], contacts: [] } : syntheticRestart(contained, random),
    handOuts: gapNs === null ? [] : syntheticHandOuts(contained, random),
    recoveryNs: random.uniform() < 0.9 ? 300_000_000 + random.below(2e9) : null,
    baselineClearPackets: 0,
    recoveryClearPackets: leaks ? random.below(4) : 0,
  };
}

const MET = { address: REAL, port: 51_000, client: 'invented', infoHash: null, peerId: null };
const LEAKING: readonly ClearClass[] = ['peer-tcp', 'peer-utp', 'dht', 'tracker-http', 'dns'];

function syntheticTraffic(gapNs: number, random: RandomStream): Traffic[] {
  return LEAKING.flatMap((name): Traffic[] => {
    const packets = random.below(4 + Math.round((gapNs / S) * 30));
    if (packets === 0) return [];
    const firstNs = FAULT_NS + random.below(Math.min(gapNs, 400_000) + 1);
    const bytes = packets * (60 + random.below(900));
    return [
      { phase: 'gap', class: name, family: 'v4', source: 'real', packets, bytes, firstNs, lastNs: FAULT_NS + gapNs },
    ];
  });
}

function syntheticExposures(gapNs: number, random: RandomStream): Exposure[] {
  const parties = [
    { party: 'tracker', id: 'tracker-0', how: 'announce', chance: 0.7 },
    { party: 'dht', id: 'dht-3', how: 'get_peers', chance: 0.5 },
    { party: 'peer', id: 'peer-1', how: 'handshake', chance: 0.9 },
    { party: 'resolver', id: 'resolver-0', how: 'query', chance: 0.3 },
  ] as const;
  return parties
    .filter(({ chance }) => random.uniform() < chance)
    .map(({ party, id, how }) => {
      const firstNs = FAULT_NS + random.below(gapNs + 1);
      return { party, id, by: 'source', phase: 'gap', address: REAL, how, times: 1, firstNs, lastNs: firstNs };
    });
}

function syntheticRestart(fromNs: number, random: RandomStream): NonNullable<Measures['restart']> {
  const link = random.uniform() < 0.5 ? 'tunnel' : 'clear';
  return {
    met: ['peer-3'],
    persisted: [{ path: 'resume.dat', holds: 'peers', marked: ['peer-3'] }],
    contacts: [{ id: 'peer-3', link, source: link === 'clear' ? 'real' : null, times: 2, firstNs: fromNs + S }],
  };
}

function syntheticHandOuts(fromNs: number, random: RandomStream): HandOut[] {
  return (['tracker', 'dht', 'peer'] as const).flatMap((party) =>
    (['real', 'planted'] as const).map((who): HandOut => {
      const lastNs = fromNs + random.below(12e9);
      return {
        party,
        id: `${party}-0`,
        who,
        address: who === 'real' ? REAL : SWARM.plant,
        via: [party],
        handOuts: 3,
        askers: 2,
        firstNs: fromNs,
        lastNs,
        goneNs: lastNs > END_NS ? null : lastNs + 500_000_000,
        learntNs: fromNs - random.below(1e8),
      };
    }),
  );
}
