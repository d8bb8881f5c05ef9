/** Invented trials whose outcome is known, because the test planted it. Instants in seconds after the trial's origin. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TrialMeasures, measureTrial } from '../../src/analysis/measure/measure.ts';
import type { Identity } from '../../src/records/identity.ts';
import type { TimelineEvent } from '../../src/records/timeline.ts';
import type { TrialRecord } from '../../src/records/trial-record.ts';
import { RECORDS_VERSION } from '../../src/records/vocabulary.ts';
import { testCell } from './cells.ts';
import { SWARM } from './judged.ts';
import { CLIENT_MAC, type Sent, pcap } from './frames.ts';
import { ENDPOINT, ENDPOINT_PORT, INNER, REAL } from './planted.ts';
import { withFolder } from './scratch.ts';

export const ORIGIN = 1_735_689_600_123_456_789n;
export const S = 1e9;
export const WAN4 = '203.0.113.2';
/** The brackets of fault and restoration are 0.1 ms wide. */
export const FAULT = 10;
export const RESTORED = 20;
export const END = 25;
const WIDTH_NS = 100_000;

const IDENTITY: Identity = {
  clientMac: CLIENT_MAC,
  lan4: REAL.v4,
  lan6: REAL.v6,
  wan4: WAN4,
  tunnel4: INNER.v4,
  tunnel6: INNER.v6,
  exit4: ENDPOINT.v4,
  exit6: ENDPOINT.v6,
  endpoint: { address: ENDPOINT.v4, port: ENDPOINT_PORT },
};

export function at(seconds: number, bytes: Uint8Array): Sent {
  return { atNs: Math.round(seconds * S), bytes };
}

export interface Trial {
  readonly uplink?: readonly Sent[];
  readonly wan?: readonly Sent[];
  readonly timeline?: readonly TimelineEvent[];
  /** What the router counted as clear; by default what was planted. */
  readonly counted?: number;
  readonly change?: (record: TrialRecord) => TrialRecord;
}

export function recordOf({ uplink = [], wan = [], counted = 0, change = (same) => same }: Trial): TrialRecord {
  const bracket = (seconds: number): { beforeNs: number; afterNs: number } => ({
    beforeNs: seconds * S,
    afterNs: seconds * S + WIDTH_NS,
  });
  return change({
    version: RECORDS_VERSION,
    trial: 't00001',
    cell: testCell(),
    repetition: 0,
    attempt: 0,
    repeats: null,
    seed: 1,
    originUnixNs: String(ORIGIN),
    outcome: { status: 'completed' },
    killSwitchFamily: 'none',
    clientVersion: '0',
    binding: 'none',
    identity: IDENTITY,
    swarm: SWARM,
    instants: {
      armedNs: 0,
      clientStartedNs: 1 * S,
      steadyNs: 5 * S,
      fault: bracket(FAULT),
      restored: bracket(RESTORED),
      endNs: END * S,
    },
    momentAchievedNs: 5 * S,
    counters: { clear: counted, tunnel: 0, housekeeping: 0 },
    captures: [
      { name: 'uplink', file: 'uplink.pcapng', packets: uplink.length, dropped: 0 },
      { name: 'wan', file: 'wan.pcapng', packets: wan.length, dropped: 0 },
    ],
    canaries: (['before', 'after'] as const).map((stage) => ({ instrument: 'capture', stage, seen: true })),
    heartbeatMaxDelayNs: 0,
    clockDriftNs: 0,
    clientExit: null,
    clientLogTail: [],
    measures: null,
  });
}

/** Measures a planted trial from captures on disk. */
export async function measured(trial: Trial): Promise<TrialMeasures> {
  return withFolder(async (folder) => {
    const save = async (name: string, sent: readonly Sent[]): Promise<string> => {
      const file = join(folder, name);
      await writeFile(file, pcap([...sent], { originUnixNs: ORIGIN }));
      return file;
    };
    return measureTrial({
      record: recordOf(trial),
      timeline: trial.timeline ?? [],
      uplinkFile: await save('uplink.pcap', trial.uplink ?? []),
      wanFile: await save('wan.pcap', trial.wan ?? []),
    });
  });
}
