/** Rows for the tests of the summary: a few trials of a cell with just the numbers a test is about. */
import { NO_PACKETS, NO_PARTIES, type MeasuredRow, type TrialRow } from '../../src/analysis/summary/rows.ts';
import type { FoundRow } from '../../src/analysis/summary/reach.ts';
import type { Manifest } from '../../src/records/manifest.ts';
import type { Verdict } from '../../src/records/vocabulary.ts';
import { testCell } from './cells.ts';
import { SYNTHETIC_PLAN, syntheticManifest } from '../../src/bench/synthetic.ts';

const MEASURED: MeasuredRow = {
  gapSeconds: null,
  gapCensored: false,
  firstClearSeconds: null,
  detectionSeconds: null,
  switchLatencySeconds: null,
  clearPackets: 0,
  clearBytes: 0,
  packetsByClass: NO_PACKETS,
  baselineClearPackets: 0,
  recoveryClearPackets: 0,
  exposedTo: NO_PARTIES,
  knockPackets: 0,
  knockSenders: 0,
  addressSurvivalSeconds: null,
  addressSurvivalCensored: false,
  recoverySeconds: null,
  handOuts: [],
  monitor: null,
  restart: null,
};

const FOUND: FoundRow = {
  exact: true,
  reach: { before: 'none', outage: 'none', after: 'none' },
  learnt: [],
  works: null,
  latency: null,
};

let made = 0;

/** One trial of `killSwitch` with the verdict and the measures given. */
export function trial(killSwitch: string, verdict: Verdict, measured: Partial<MeasuredRow> = {}): TrialRow {
  made += 1;
  const judged = verdict === 'leak' || verdict === 'no-leak';
  return {
    trial: `t${made}`,
    cell: testCell({ killSwitch }),
    repetition: 0,
    attempt: 0,
    family: 'none',
    clientVersion: null,
    binding: 'none',
    verdict,
    reason: judged ? '' : 'a test',
    found: judged ? { ...FOUND, reach: { ...FOUND.reach, outage: verdict === 'leak' ? 'path' : 'none' } } : null,
    measured: judged ? { ...MEASURED, ...measured } : null,
    momentAchievedSeconds: null,
    faultBracketSeconds: null,
    heartbeatMaxDelaySeconds: null,
  };
}

/** Makes `count` trials alike. */
export function trials(count: number, ...like: Parameters<typeof trial>): TrialRow[] {
  return Array.from({ length: count }, () => trial(...like));
}

/** A manifest with one cell for each kill switch. */
export function manifestOf(...killSwitches: readonly string[]): Manifest {
  const manifest = syntheticManifest(SYNTHETIC_PLAN);
  const cells = killSwitches.map((killSwitch) => trial(killSwitch, 'leak').cell);
  return { ...manifest, scenario: { ...manifest.scenario, cells } };
}
