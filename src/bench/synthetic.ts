/**
 * Invented campaigns, for tests and benchmarks of the analysis only: records as the trial loop seals them, made from a
 * seed, with no lab behind them. Their numbers say nothing about any client or kill switch; every manifest says so.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream, type RandomStream } from '../analysis/statistics/random.ts';
import { ADDRESS, DHT_NODES, SWARM, dhtNode, identityOf } from '../contracts/addresses.ts';
import { cellKey, type Cell, type CellNames, type SwarmMap } from '../records/identity.ts';
import { cellOf } from '../harness/trial/cell.ts';
import type { Manifest } from '../records/manifest.ts';
import type { TimelineEvent } from '../records/timeline.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import { RECORDS_VERSION } from '../records/vocabulary.ts';
import { END_NS, FAULT_NS, RESTORED_NS, syntheticMeasures, type SyntheticSwitch } from './synthetic-measures.ts';
import { NS_PER_MS, NS_PER_SECOND as S, NS_PER_SECOND_BIG } from '../records/units.ts';

export type { SyntheticSwitch };

export interface SyntheticPlan {
  readonly name: string;
  readonly seed: number;
  readonly clients: readonly string[];
  readonly switches: readonly SyntheticSwitch[];
  readonly faults: readonly string[];
  readonly moments: readonly string[];
  readonly trialsPerCell: number;
  /** Share of trials that fail before the fault. */
  readonly failing: number;
  readonly mustNotLeak: readonly string[];
  /** Write timeline.jsonl for each trial too. */
  readonly timelines: boolean;
}

export const SYNTHETIC_SWITCHES: readonly SyntheticSwitch[] = [
  { id: 'none', family: 'none', leak: 1, gapSeconds: null },
  { id: 'client-bind', family: 'client', leak: 0.15, gapSeconds: 0.02 },
  { id: 'app-kill(poll=2s)', family: 'app', leak: 1, gapSeconds: 1, pollSeconds: 2 },
  { id: 'wg-quick-postup', family: 'firewall', leak: 0, gapSeconds: 0 },
];

export const SYNTHETIC_PLAN: SyntheticPlan = {
  name: 'synthetic',
  seed: 1,
  clients: ['transmission', 'qbittorrent', 'webtorrent'],
  switches: SYNTHETIC_SWITCHES,
  faults: ['link-down', 'daemon-killed'],
  moments: ['2s'],
  trialsPerCell: 20,
  failing: 0.02,
  mustNotLeak: [],
  timelines: false,
};

/** 1 January 2025, so that nothing depends on today. */
const ORIGIN_UNIX_NS = 1_735_689_600n * NS_PER_SECOND_BIG;

const CLIENT_MAC = '02:00:00:00:01:02';
/** Swarm of the invented trials, as large as the lab's own, so that reading it costs as much. */
const SWARM_MAP: SwarmMap = {
  infoHash: '0123456789abcdef0123456789abcdef01234567',
  trackers: [{ id: 'tracker-0', addresses: [SWARM.tracker.v4, SWARM.tracker.v6], httpPort: 6969, udpPort: 6969 }],
  dhtNodes: Array.from({ length: DHT_NODES }, (_, i) => ({ id: `dht-${i}`, addresses: [dhtNode(i)], port: 6881 })),
  peers: SWARM.peers.map(({ v4, v6 }, i) => ({ id: `peer-${i}`, addresses: [v4, v6], port: 51_413 })),
  resolvers: [ADDRESS.resolver.v4],
};

const AFTERMATH: TrialRecord['aftermath'] = {
  everyNs: 0.5 * S,
  horizonNs: END_NS - FAULT_NS,
  clientGoneNs: RESTORED_NS,
  endNs: END_NS,
  infrastructure: ['tracker', 'dht', 'peer'].map((party) => {
    return { id: `${party}-0`, software: party, version: '0.0-synthetic', expirySeconds: 4, source: 'invented' };
  }),
};

/** Writes the invented campaign into `folder` and gives its manifest. */
export async function writeSyntheticCampaign(folder: string, plan: SyntheticPlan = SYNTHETIC_PLAN): Promise<Manifest> {
  const manifest = syntheticManifest(plan);
  await mkdir(join(folder, 'trials'), { recursive: true });
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const lines: string[] = [];
  for (const record of syntheticTrials(plan)) {
    lines.push(JSON.stringify(record));
    if (!plan.timelines) continue;
    await mkdir(join(folder, 'trials', record.trial), { recursive: true });
    const events = syntheticTimeline(record).map((event) => JSON.stringify(event));
    await writeFile(join(folder, 'trials', record.trial, 'timeline.jsonl'), `${events.join('\n')}\n`);
  }
  await writeFile(join(folder, 'trials.jsonl'), `${lines.join('\n')}\n`);
  return manifest;
}

export function syntheticManifest(plan: SyntheticPlan): Manifest {
  return {
    version: RECORDS_VERSION,
    campaign: `${plan.name}-seed-${plan.seed}`,
    startedAt: '2025-01-01T00:00:00.000Z',
    scenario: {
      name: plan.name,
      title: 'An invented campaign',
      hypothesis: 'None: these records were made by a random generator and measure nothing.',
      source: '# no scenario: synthetic\n',
      cells: syntheticCells(plan),
      trialsPerCell: plan.trialsPerCell,
      mustNotLeak: [...plan.mustNotLeak],
    },
    seed: plan.seed,
    lab: { backend: 'netns', tunnel: 'synthetic', jobs: 1 },
    // A version as long as a commit, in one word: pages have to cope with it.
    versions: { synthetic: 'invented'.repeat(6) },
    machine: { kernel: 'none', architecture: 'none', cores: 0, memoryMiB: 0 },
    commit: null,
  };
}

/** Cells parsed already: simulations invent thousands of campaigns over the same few. */
const parsedCells = new Map<string, Cell>();

function cellNamed(names: CellNames): Cell {
  const key = cellKey(names);
  const known = parsedCells.get(key) ?? cellOf(names);
  parsedCells.set(key, known);
  return known;
}

function syntheticCells(plan: SyntheticPlan): Cell[] {
  return plan.clients.flatMap((client) =>
    plan.faults.flatMap((fault) =>
      plan.moments.flatMap((moment) =>
        plan.switches.map(({ id }) => cellNamed({ client, killSwitch: id, fault, moment })),
      ),
    ),
  );
}

/** The records, in the plan's order. */
export function* syntheticTrials(plan: SyntheticPlan): Generator<TrialRecord> {
  const random = randomStream(plan.seed, plan.name);
  let number = 0;
  for (let repetition = 0; repetition < plan.trialsPerCell; repetition++) {
    for (const cell of syntheticCells(plan)) {
      const behaviour = plan.switches.find(({ id }) => id === cell.killSwitch);
      if (behaviour === undefined) throw new Error(`unreachable: ${cell.killSwitch} is of the plan`);
      number += 1;
      yield syntheticTrial(`t${String(number).padStart(5, '0')}`, cell, repetition, behaviour, plan, random);
    }
  }
}

function syntheticTrial(
  trial: string,
  cell: Cell,
  repetition: number,
  behaviour: SyntheticSwitch,
  plan: SyntheticPlan,
  random: RandomStream,
): TrialRecord {
  const unsupported = behaviour.unsupportedBy?.includes(cell.client) === true;
  const failed = !unsupported && random.uniform() < plan.failing;
  const measured = !unsupported && !failed;
  return {
    version: RECORDS_VERSION,
    trial,
    cell,
    repetition,
    attempt: 0,
    repeats: null,
    seed: plan.seed,
    originUnixNs: String(ORIGIN_UNIX_NS),
    outcome: unsupported
      ? { status: 'unsupported', reason: `${cell.client} cannot be bound so` }
      : failed
        ? { status: 'failed', stage: 'steady', reason: 'no piece arrived through the tunnel within 20 s' }
        : { status: 'completed' },
    killSwitchFamily: behaviour.family,
    clientVersion: '0.0-synthetic',
    binding: behaviour.family === 'client' ? `address ${ADDRESS.tunnelClient.v4}` : 'none',
    identity: identityOf(CLIENT_MAC),
    swarm: SWARM_MAP,
    instants: {
      armedNs: 0,
      clientStartedNs: 1 * S,
      steadyNs: measured ? 8 * S : null,
      fault: measured ? { beforeNs: FAULT_NS, afterNs: FAULT_NS + 90_000 } : null,
      restored: measured ? { beforeNs: RESTORED_NS, afterNs: RESTORED_NS + 200_000 } : null,
      endNs: END_NS,
    },
    aftermath: AFTERMATH,
    momentAchievedNs: measured ? 2 * S + random.below(NS_PER_MS) : null,
    counters: null,
    captures: [],
    canaries: [],
    heartbeatMaxDelayNs: random.below(4_000_000),
    clockDriftNs: random.below(2_000),
    clientExit: null,
    clientLogTail: failed ? ['waiting for peers'] : [],
    measures: measured ? syntheticMeasures(behaviour, random) : null,
  };
}

/** The timeline that goes with a record. */
export function syntheticTimeline(record: TrialRecord): TimelineEvent[] {
  const { instants, measures, cell } = record;
  const events: TimelineEvent[] = [
    { kind: 'phase', atNs: 0, name: 'setup' },
    { kind: 'tunnel', atNs: 0.5 * S, state: 'up', span: { beforeNs: 0.4 * S, afterNs: 0.5 * S } },
    { kind: 'client-started', atNs: 1 * S },
  ];
  const { fault, restored, endNs } = instants;
  if (fault !== null) {
    events.push({ kind: 'client-steady', atNs: instants.steadyNs ?? FAULT_NS });
    events.push({ kind: 'fault', atNs: fault.beforeNs, fault: cell.fault, span: fault });
  }
  const { detectionNs = null, switchLatencyNs = null } = measures ?? {};
  if (fault !== null && detectionNs !== null && switchLatencyNs !== null) {
    events.push({ kind: 'switch', atNs: fault.beforeNs + detectionNs, stage: 'noticed', detail: 'wg0 is gone' });
    events.push({ kind: 'switch', atNs: fault.beforeNs + switchLatencyNs, stage: 'acted', detail: 'killed' });
  }
  const pieces = (fromNs: number, toNs: number): void => {
    for (let atNs = fromNs; atNs < toNs; atNs += 0.1 * S) {
      const totalBytes = Math.round(atNs / 1000);
      events.push({
        kind: 'peer-piece',
        atNs,
        party: 'peer-1',
        sourceAddress: ADDRESS.vpn.v4,
        sourcePort: 51413,
        totalBytes,
      });
    }
  };
  if (fault !== null) pieces(6 * S, fault.beforeNs);
  if (restored !== null && measures !== null && measures.recoveryNs !== null) {
    pieces(restored.afterNs + measures.recoveryNs, END_NS);
  }
  if (restored !== null) events.push({ kind: 'restored', atNs: restored.beforeNs, fault: cell.fault, span: restored });
  events.push({ kind: 'phase', atNs: endNs ?? END_NS, name: 'closing' });
  return events;
}
