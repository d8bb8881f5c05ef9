/** The record of a trial before anything of it has happened: everything not yet known is null, not zero. */
import { switchOf } from './cell.ts';
import type { TrialSpec } from './spec.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { RECORDS_VERSION } from '../../records/vocabulary.ts';

/** `originUnixNs`: the trial's origin on CLOCK_REALTIME, in nanoseconds since 1970. */
export function blankRecord(spec: TrialSpec, originUnixNs: bigint): TrialRecord {
  return {
    version: RECORDS_VERSION,
    trial: spec.trial,
    cell: spec.cell,
    repetition: spec.repetition,
    attempt: spec.attempt,
    repeats: spec.repeats,
    seed: spec.seed,
    originUnixNs: String(originUnixNs),
    outcome: { status: 'completed' },
    killSwitchFamily: switchOf(spec.cell).family,
    clientVersion: null,
    binding: 'none',
    identity: null,
    swarm: null,
    instants: { armedNs: null, clientStartedNs: null, steadyNs: null, fault: null, restored: null, endNs: null },
    momentAchievedNs: null,
    counters: null,
    captures: [],
    canaries: [],
    heartbeatMaxDelayNs: null,
    clockDriftNs: null,
    clientExit: null,
    clientLogTail: [],
    measures: null,
  };
}
