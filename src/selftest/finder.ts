/**
 * The self-test of the finder: in invented trials one finding each is planted, of every kind in every phase, and what is
 * found must be that and nothing else; what is found is then falsified in every way there is, and each must be noticed. Takes
 * the addresses of a trial that was, and needs no lab.
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { measureTrial } from '../analysis/measure/measure.ts';
import { REACHES, REACH_OF, TRIAL_PHASES, type Findings, type Reach, type TrialPhase } from '../records/findings.ts';
import type { TimelineEvent } from '../records/timeline.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import { NS_PER_SECOND } from '../records/units.ts';
import { falsified } from './finder-mutants.ts';
import { KINDS, plantsOf, tunnelData, type Packet, type Plant, type Planted } from './finder-plants.ts';
import { writePcap } from './pcap-file.ts';

export interface FinderResult {
  readonly planted: number;
  readonly found: number;
  readonly faults: readonly string[];
  readonly mutants: readonly { readonly what: string; readonly caughtBy: string | null }[];
}

/** BEP 42's own example: an address, and an id that it allows for it. */
const BEP42 = { address: '124.31.75.21', id: '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401' };

/** An invented trial, in seconds. */
const AT = { started: 2, steady: 5, fault: 10, restored: 20, back: 21, gone: 26, end: 30 } as const;
const IN: Readonly<Record<TrialPhase, readonly number[]>> = {
  start: [3],
  steady: [7],
  outage: [15, AT.restored + 0.5],
  recovery: [23],
  aftermath: [28],
};
const BLIND = { id: 'swarm', dropped: null, blind: 'it was deaf for a while' };
/** Phases for which findings of the client's own words make sense. */
const LIVING: readonly TrialPhase[] = ['start', 'steady', 'outage', 'recovery'];

type Stage = 'clientStartedNs' | 'steadyNs' | 'fault' | 'restored' | 'endNs';
const STAGES: readonly Stage[] = ['clientStartedNs', 'steadyNs', 'fault', 'restored', 'endNs'];
/** Place in which a trial breaks off that came to no further stage, and the phase that this is. */
const BROKEN: readonly (readonly [without: Stage, seconds: number, phase: TrialPhase])[] = [
  ['clientStartedNs', 1, 'start'],
  ['steadyNs', 4, 'start'],
  ['fault', 8, 'steady'],
  ['restored', 18, 'outage'],
  ['endNs', 23, 'recovery'],
];

interface Case {
  readonly what: string;
  readonly planted: readonly { readonly phase: TrialPhase; readonly plant: Planted }[];
  readonly blind?: boolean;
  /** What the harness noted besides. */
  readonly noted?: readonly TimelineEvent[];
  /** Where the trial broke off: it came to the stages before this one. */
  readonly without?: Stage;
}

/** @param like a trial whose addresses and swarm the invented ones have. @param folder where captures are for a moment. */
export async function judgeFinder(like: TrialRecord, folder: string): Promise<FinderResult> {
  const { identity, swarm } = like;
  if (identity === null || swarm === null) throw new Error(`trial ${like.trial} has no identity to plant findings for`);
  const known = { ...identity, wan4: BEP42.address };
  const record = inventedRecord({ ...like, identity: known });
  const at = path.join(folder, 'invented');
  await mkdir(at, { recursive: true });
  const faults: string[] = [];
  const mutants: FinderResult['mutants'][number][] = [];
  const plants = plantsOf(known, swarm, BEP42.id);
  const cases = [...casesOf(plants), ...endsOf(plants), ...brokenOff(plants)];
  let found = 0;
  try {
    for (const each of cases) {
      const findings = await findingsOf(record, each, at);
      const wrong = differences(findings, each);
      faults.push(...wrong.map((fault) => `${each.what}: ${fault}`));
      if (wrong.length === 0) found += 1;
      for (const { what, findings: lie } of falsified(findings)) {
        mutants.push({ what: `${each.what}: ${what}`, caughtBy: differences(lie, each)[0] ?? null });
      }
    }
  } finally {
    await rm(at, { recursive: true, force: true });
  }
  return { planted: cases.length, found, faults, mutants };
}

function casesOf(plants: readonly Plant[]): Case[] {
  const single = plants.flatMap(({ what, at }): Case[] =>
    TRIAL_PHASES.flatMap((phase) =>
      IN[phase].flatMap((seconds): Case[] => {
        const plant = at({ atNs: seconds * NS_PER_SECOND, alive: LIVING.includes(phase) });
        return plant.told?.way === 'content' && !LIVING.includes(phase)
          ? []
          : [{ what: `${what} in the ${phase} at ${seconds} s`, planted: [{ phase, plant }] }];
      }),
    ),
  );
  const [first] = plants;
  const one = (phase: TrialPhase, seconds: number, alive = true): Case['planted'] =>
    first === undefined ? [] : [{ phase, plant: first.at({ atNs: seconds * NS_PER_SECOND, alive }) }];
  return [
    ...single,
    { what: 'nothing', planted: [] },
    { what: 'nothing, with a blind instrument', planted: [], blind: true },
    { what: 'a datagram, with a blind instrument', planted: one('outage', 15), blind: true },
    { what: 'a datagram before the client’s start', planted: one('start', 1, false) },
    {
      what: 'a leak that goes on all the while, and that no fault caused',
      planted: [
        ...[6, 7, 8, 9].flatMap((s) => one('steady', s)),
        ...[11, 13, 15, 17, 19].flatMap((s) => one('outage', s)),
      ],
    },
  ];
}

/** The client is killed, and started again: what the kernel and others send of it, and what the new one does. */
function endsOf(plants: readonly Plant[]): Case[] {
  const planted = (what: string, seconds: number, alive: boolean): Case['planted'][number] => {
    const plant = plants.find((each) => each.what === what);
    if (plant === undefined) throw new Error(`«${what}» is never planted`);
    return { phase: 'outage', plant: plant.at({ atNs: seconds * NS_PER_SECOND, alive }) };
  };
  const killed: TimelineEvent[] = [
    { kind: 'switch', atNs: 12 * NS_PER_SECOND, stage: 'acting', detail: 'SIGKILL' },
    { kind: 'client-exited', atNs: 12.1 * NS_PER_SECOND, status: 'signal SIGKILL' },
  ];
  const tail = [
    planted(KINDS.fin, 12.05, false),
    planted(KINDS.icmp, 13, true),
    planted(KINDS.fin, 14, false),
    planted(KINDS.datagram, 15, false),
  ];
  return [
    { what: 'what is sent for a client that was killed', noted: killed, planted: tail },
    {
      what: 'a client that was killed and started again',
      noted: [...killed, { kind: 'client-started', atNs: 16 * NS_PER_SECOND }],
      planted: [planted(KINDS.fin, 14, false), planted(KINDS.connection, 17, true), planted(KINDS.datagram, 18, true)],
    },
  ];
}

/** Wherever a trial breaks off, what was found until then stands, in the phases that it had. */
function brokenOff(plants: readonly Plant[]): Case[] {
  return BROKEN.flatMap(([without, seconds, phase]) =>
    // A FIN is a process's own as long as no client has ended.
    plants
      .filter(({ what }) => without !== 'clientStartedNs' || what !== KINDS.fin)
      .map(({ what, at }) => ({
        what: `${what} in a trial that broke off in the ${phase}, before ${without}`,
        planted: [{ phase, plant: at({ atNs: seconds * NS_PER_SECOND, alive: without !== 'clientStartedNs' }) }],
        without,
      })),
  );
}

/** The record of a trial that came to none of the stages from `without` on. */
function breaking(record: TrialRecord, without: Stage | undefined): TrialRecord {
  if (without === undefined) return record;
  const missing = Object.fromEntries(STAGES.slice(STAGES.indexOf(without)).map((stage) => [stage, null]));
  const rest = { ...record };
  delete rest.aftermath;
  return {
    ...rest,
    outcome: { status: 'failed', stage: 'somewhere', reason: 'it broke off' },
    instants: { ...record.instants, ...missing },
  };
}

function inventedRecord(like: TrialRecord): TrialRecord {
  const bracket = (seconds: number): { beforeNs: number; afterNs: number } => ({
    beforeNs: seconds * NS_PER_SECOND,
    afterNs: seconds * NS_PER_SECOND + 1,
  });
  return {
    ...like,
    outcome: { status: 'completed' },
    originUnixNs: '1735689600000000000',
    instants: {
      armedNs: 0,
      clientStartedNs: AT.started * NS_PER_SECOND,
      steadyNs: AT.steady * NS_PER_SECOND,
      fault: bracket(AT.fault),
      restored: bracket(AT.restored),
      endNs: AT.gone * NS_PER_SECOND,
    },
    aftermath: {
      everyNs: NS_PER_SECOND,
      horizonNs: (AT.end - AT.fault) * NS_PER_SECOND,
      clientGoneNs: AT.gone * NS_PER_SECOND,
      endNs: AT.end * NS_PER_SECOND,
      infrastructure: [],
    },
    heartbeatMaxDelayNs: 0,
    canaries: [{ instrument: 'capture', stage: 'before', seen: true }],
    measures: null,
  };
}

async function findingsOf(
  whole: TrialRecord,
  { planted, blind = false, noted, without }: Case,
  folder: string,
): Promise<Findings> {
  const record = breaking(whole, without);
  const all = planted.map(({ plant }) => plant);
  const uplink = all.flatMap((each) => each.uplink ?? []);
  const wan = [...all.flatMap((each) => each.wan ?? []), ...tunnelBack(record)].sort((a, b) => a.atNs - b.atNs);
  const gone: TimelineEvent = { kind: 'client-exited', atNs: AT.gone * NS_PER_SECOND, status: 'exit code 0' };
  const timeline = [
    ...all.flatMap((each) => each.events ?? []),
    ...(noted ?? []),
    ...(without === undefined ? [gone] : []),
  ].sort((a, b) => a.atNs - b.atNs);
  const files = { uplinkFile: path.join(folder, 'uplink.pcap'), wanFile: path.join(folder, 'wan.pcap') };
  await using first = await writePcap(files.uplinkFile);
  await using second = await writePcap(files.wanFile);
  const origin = BigInt(record.originUnixNs);
  for (const [out, packets] of [
    [first, uplink],
    [second, wan],
  ] as const) {
    for (const { atNs, bytes } of packets) out.add(origin + BigInt(Math.round(atNs)), bytes, bytes.length);
    await out.end();
  }
  const { measures } = await measureTrial({
    record: {
      ...record,
      counters: { clear: uplink.length, tunnel: 0, housekeeping: 0 },
      captures: [
        { name: 'uplink', file: 'uplink.pcap', packets: uplink.length, dropped: 0 },
        { name: 'wan', file: 'wan.pcap', packets: wan.length, dropped: 0 },
      ],
      instruments: blind ? [BLIND] : [],
    },
    timeline,
    ...files,
  });
  if (measures.findings === undefined) throw new Error('the invented trial has no findings');
  return measures.findings;
}

/** The tunnel's data both ways, from when it is back. */
function tunnelBack({ identity }: TrialRecord): Packet[] {
  if (identity === null) return [];
  return tunnelData(identity).map((bytes, index) => ({ atNs: (AT.back + index / 100) * NS_PER_SECOND, bytes }));
}

/** What was found and not planted, or planted and not found, or otherwise than planted; each in words. */
function differences(findings: Findings, { planted, blind = false, without }: Case): string[] {
  const expected = expectedOf(planted, phasesUntil(without));
  const doubted = blind || without !== undefined;
  const actual = {
    disclosures: findings.disclosures.map((row) => disclosureText(row.phase, row, row.before)),
    clear: findings.clear.map((row) => `${row.packets} x ${clearText(row.phase, row)}`),
    reach: findings.phases.map(({ phase, reach }) => `${phase}: ${reach}`),
    router: [`${findings.routerPackets} packets of the router's`],
    doubts: [findings.doubts.length > 0 ? 'there is doubt' : 'there is no doubt'],
  };
  const wanted = { ...expected, doubts: [doubted ? 'there is doubt' : 'there is no doubt'] };
  return (['disclosures', 'clear', 'reach', 'router', 'doubts'] as const).flatMap((field) => [
    ...missing(wanted[field], actual[field]).map((text) => `not found: ${text}`),
    ...missing(actual[field], wanted[field]).map((text) => `found, and never planted: ${text}`),
  ]);
}

/** The phases of a trial that broke off there; all of them for one that did not. */
function phasesUntil(without: Stage | undefined): readonly TrialPhase[] {
  const last = BROKEN.find(([stage]) => stage === without)?.[2];
  return last === undefined ? TRIAL_PHASES : TRIAL_PHASES.slice(0, TRIAL_PHASES.indexOf(last) + 1);
}

function expectedOf(planted: Case['planted'], phases: readonly TrialPhase[]) {
  const disclosures = new Map<string, string>();
  const clear = new Map<string, number>();
  const reached = new Map<TrialPhase, Set<Reach>>(phases.map((phase) => [phase, new Set()]));
  const knew = new Set<string>();
  let routers = 0;
  for (const { phase, plant } of planted) {
    routers += plant.routers ?? 0;
    if (plant.told !== undefined) {
      const key = disclosureText(phase, plant.told, false);
      if (!disclosures.has(key)) disclosures.set(key, disclosureText(phase, plant.told, knew.has(plant.told.party.id)));
      knew.add(plant.told.party.id);
      reached.get(phase)?.add(REACH_OF[plant.told.party.kind]);
    }
    if (plant.left !== undefined) {
      const key = clearText(phase, plant.left);
      clear.set(key, (clear.get(key) ?? 0) + 1);
      reached.get(phase)?.add(plant.left.scope);
    }
  }
  return {
    disclosures: [...disclosures.values()],
    clear: [...clear].map(([key, packets]) => `${packets} x ${key}`),
    reach: [...reached].map(([phase, all]) => `${phase}: ${REACHES.find((reach) => all.has(reach)) ?? 'none'}`),
    router: [`${routers} packets of the router's`],
  };
}

function disclosureText(phase: TrialPhase, told: NonNullable<Planted['told']>, before: boolean): string {
  const { party, way, address, family, fields, sources, author } = told;
  const whom = `${party.kind} ${party.id} learns ${address} (${family}) by ${way} (${fields.join(', ')})`;
  return `${phase}: ${whom}, from [${sources.join(', ')}], of the ${author}${before ? ', again' : ''}`;
}

function clearText(phase: TrialPhase, left: NonNullable<Planted['left']>): string {
  return `${phase}: ${left.class} ${left.family} ${left.source} of the ${left.author}, ${left.scope}`;
}

function missing(wanted: readonly string[], there: readonly string[]): string[] {
  return wanted.filter((text) => !there.includes(text));
}
