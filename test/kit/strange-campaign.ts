/** A small campaign with every kind of file that the analysis opens, for tests that put something else in their place. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  SYNTHETIC_PLAN,
  syntheticManifest,
  syntheticTimeline,
  syntheticTrials,
  type SyntheticPlan,
} from '../../src/bench/synthetic.ts';
import type { TrialRecord } from '../../src/records/trial-record.ts';
import { pcap, udpFrame } from './frames.ts';

const PLAN: SyntheticPlan = {
  ...SYNTHETIC_PLAN,
  clients: ['transmission'],
  switches: SYNTHETIC_PLAN.switches.slice(0, 3),
  faults: ['link-down'],
  trialsPerCell: 2,
  failing: 0,
};
const CAPTURES = ['uplink', 'wan'] as const;

/** Every field that a record can have is in one of them. */
export const RECORDS: readonly TrialRecord[] = [...syntheticTrials(PLAN)].map((record) => ({
  ...record,
  counters: { clear: 1, tunnel: 0, housekeeping: 0 },
  captures: CAPTURES.map((name) => ({ name, file: `${name}.pcapng`, packets: 1, dropped: 0 })),
  canaries: [{ instrument: 'uplink', stage: 'before', seen: true }],
  clientLogTail: ['started'],
  measures: record.measures && {
    ...record.measures,
    monitor: {
      named: { atNs: 1e10, address: '203.0.113.2', port: 1, via: 'tracker' },
      met: { atNs: 1e10, address: '203.0.113.2', port: 1, client: 'x', infoHash: 'ab', peerId: 'cd' },
      rows: 1,
      beforeFault: 0,
    },
    restart: {
      met: ['peer-0'],
      persisted: [{ path: 'dht.dat', holds: 'nodes', marked: ['peer-0'] }],
      contacts: [{ id: 'peer-0', link: 'clear', source: 'real', times: 1, firstNs: 1e10 }],
    },
  },
}));

export const MANIFEST = syntheticManifest(PLAN);
const SESSIONS = [
  { event: 'started', at: 'now', commit: null, sealed: 0, watch: { kind: 'none', reason: 'a test' } },
  { event: 'ended', at: 'then', how: 'finished', escaped: { frames: 0, dropped: 0, first: [] } },
];

/** Writes the campaign with the records given. */
export async function writeStrangeCampaign(folder: string, records: readonly unknown[] = RECORDS): Promise<void> {
  const lines = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  await mkdir(join(folder, 'trials'), { recursive: true });
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(MANIFEST));
  await writeFile(join(folder, 'trials.jsonl'), lines(records));
  await writeFile(join(folder, 'sessions.jsonl'), lines(SESSIONS));
  const frame = udpFrame('192.168.1.2', '198.18.0.7', [9, 9], Buffer.from('x'));
  for (const record of RECORDS) {
    const own = join(folder, 'trials', record.trial);
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'timeline.jsonl'), lines(syntheticTimeline(record)));
    for (const name of CAPTURES) {
      await writeFile(
        join(own, `${name}.pcapng`),
        pcap([{ atNs: 12e9, bytes: frame }], { originUnixNs: BigInt(record.originUnixNs) }),
      );
    }
  }
}
