/**
 * How far each trial reached and who learnt the real address, before the fault, in the outage and afterwards; and what
 * that comes to in a cell.
 */
import { median, sum } from 'simple-statistics';
import * as z from 'zod';
import {
  type Findings,
  REACHES,
  REACH_OF,
  type Reach,
  THIRD_PARTIES,
  type ThirdParty,
  type TrialPhase,
} from '../../records/findings.ts';
import type { Exposure, Measures } from '../../records/measures.ts';
import type { ClearClass, Phase } from '../../records/vocabulary.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

/** Stages of a trial as a summary tells them: `before` is start and steady state, `after` recovery and aftermath. */
export const STAGES = ['before', 'outage', 'after'] as const;
export type Stage = (typeof STAGES)[number];

interface Learnt {
  readonly stage: Stage;
  readonly kind: ThirdParty;
  readonly id: string;
  readonly way: 'source' | 'content';
  /** The party knew the address before. */
  readonly before: boolean;
}

export interface FoundRow {
  /** False: told by an older record, which has fewer phases, no authors, and its outage end with the reversal's beginning. */
  readonly exact: boolean;
  /** The worst in each stage; null where the trial did not have it, and where a doubt could have hidden something. */
  readonly reach: Readonly<Record<Stage, Reach | null>>;
  readonly learnt: readonly Learnt[];
  /** Whether payload came back; null in older records, as is the latency. */
  readonly works: Findings['availability'] | null;
  readonly latency: Findings['latency'] | null;
}

const STAGE_OF: Readonly<Record<TrialPhase, Stage>> = {
  start: 'before',
  steady: 'before',
  outage: 'outage',
  recovery: 'after',
  aftermath: 'after',
};
const STAGE_OF_OLDER: Readonly<Record<Phase, Stage>> = {
  baseline: 'before',
  gap: 'outage',
  contained: 'outage',
  recovery: 'after',
};
const LOCAL_CLASSES: readonly ClearClass[] = ['lsd', 'ssdp', 'nat-pmp'];

/** A trial's measures, of one that broke off too, as how far it reached; null where nothing was measured. */
export function foundIn(measures: Measures | null): FoundRow | null {
  if (measures === null) return null;
  return measures.findings === undefined ? olderRow(measures) : exactRow(measures.findings);
}

function exactRow({ phases, disclosures, availability, latency, doubts }: Findings): FoundRow {
  const reach = stages((stage) => {
    const found = worst(phases.flatMap((each) => (STAGE_OF[each.phase] === stage ? [each.reach] : [])));
    return found === 'none' && doubts.length > 0 ? null : found;
  });
  const learnt = disclosures.map(({ phase, party, way, before }) => ({
    stage: STAGE_OF[phase],
    ...party,
    way,
    before,
  }));
  return { exact: true, reach, learnt: each(learnt), works: availability, latency };
}

/** Reads the phases of an older record as far as they tell the same. */
function olderRow({ exposures, traffic, verdict }: Measures): FoundRow {
  const told = toldBy(exposures);
  const reach = stages((stage) =>
    worst([
      ...(verdict === 'inconclusive' ? [] : ['none' as const]),
      ...told.flatMap((each) => (each.stage === stage ? [REACH_OF[each.kind]] : [])),
      ...traffic.flatMap((row) => (STAGE_OF_OLDER[row.phase] === stage ? [scopeOf(row.class)] : [])),
    ]),
  );
  const knew = new Set<string>();
  const learnt = told.map((one) => {
    const key = `${one.kind} ${one.id}`;
    const before = knew.has(key);
    knew.add(key);
    return { ...one, before };
  });
  return { exact: false, reach, learnt: each(learnt), works: null, latency: null };
}

/**
 * Whom an older record's exposures were to, in the order of their first. Such a record counts a STUN server, which stands
 * at a tracker's address, with the trackers; and as a packet to the tracker each packet that went there. Where the STUN
 * server was asked as often as packets went there, they went to it.
 */
function toldBy(exposures: readonly Exposure[]): Omit<Learnt, 'before'>[] {
  const stageOf = ({ phase }: Exposure): Stage => STAGE_OF_OLDER[phase];
  const bindings = exposures.filter(({ how }) => how === 'binding');
  return exposures
    .toSorted((a, b) => a.firstNs - b.firstNs)
    .flatMap((exposure): Omit<Learnt, 'before'>[] => {
      const { party, id, by, how } = exposure;
      const stage = stageOf(exposure);
      if (how === 'binding') return [{ stage, kind: 'stun', id, way: by }];
      const asked = bindings.filter((each) => stageOf(each) === stage && each.address === exposure.address);
      const isBinding =
        how === 'packet' && party === 'tracker' && exposure.times <= sum(asked.map(({ times }) => times));
      return isBinding ? [] : [{ stage, kind: party, id, way: by }];
    });
}

/** How far packets of a class go: what is meant for the local link stays there. */
function scopeOf(name: ClearClass): Reach {
  return LOCAL_CLASSES.includes(name) ? 'lan' : 'path';
}

/** Each party once for a stage and way; it learnt nothing new only if it knew before in every row. */
function each(learnt: readonly Learnt[]): Learnt[] {
  const found = new Map<string, Learnt>();
  for (const one of learnt) {
    const key = [one.stage, one.kind, one.id, one.way].join(' ');
    const known = found.get(key);
    found.set(key, { ...one, before: one.before && (known?.before ?? true) });
  }
  return [...found.values()];
}

const worst = (reaches: readonly Reach[]): Reach | null => REACHES.find((reach) => reaches.includes(reach)) ?? null;

function stages<T>(of: (stage: Stage) => T): Record<Stage, T> {
  return { before: of('before'), outage: of('outage'), after: of('after') };
}

// ------------------------------------------------------------------------------------------------------- of a whole cell

const count = z.number().int().nonnegative();

/** What the trials of a cell found, as the summary has it. */
export const evidenceSchema = z.object({
  /** Trials that found something or could have; of these those told by records older than the findings. */
  trials: count,
  older: count,
  /** Trials by the worst that happened before the fault, in the outage and afterwards. */
  reach: z.record(z.enum(STAGES), z.record(z.enum(REACHES), count)),
  /** Trials in which parties of a kind learnt the address, the most of them in one, and trials in which it was new to one. */
  learnt: z.array(
    z.object({
      stage: z.enum(STAGES),
      kind: z.enum(THIRD_PARTIES),
      way: z.enum(['source', 'content']),
      trials: count,
      most: count,
      newIn: count,
    }),
  ),
  /** Trials in which payload came back through the tunnel, never did, or was not asked for. */
  works: z.object({
    recovered: count,
    never: count,
    notAsked: count,
    /** Seconds for which the longest watch of those that never did went on; null without any. */
    watchedSeconds: z.number().nonnegative().nullable(),
  }),
  /** Median seconds from the fault to the client's own last clear packet of the outage, over the trials that had one. */
  lastClient: z.object({ seconds: z.number(), isLowerBound: z.boolean(), trials: count }).nullable(),
});
export type CellEvidence = z.infer<typeof evidenceSchema>;

/** What the trials of a cell found, together; null where none was measured. */
export function evidenceOf(rows: readonly FoundRow[]): CellEvidence | null {
  if (rows.length === 0) return null;
  const works = (state: Findings['availability']['state']): number =>
    rows.filter((row) => row.works?.state === state).length;
  return {
    trials: rows.length,
    older: rows.filter(({ exact }) => !exact).length,
    reach: stages((stage) => countsOf(rows, stage)),
    learnt: STAGES.flatMap((stage) =>
      THIRD_PARTIES.flatMap((kind) =>
        (['source', 'content'] as const).flatMap((way) => {
          const met = rows
            .map(({ learnt }) => learnt.filter((one) => one.stage === stage && one.kind === kind && one.way === way))
            .filter((parties) => parties.length > 0);
          if (met.length === 0) return [];
          const most = Math.max(...met.map((parties) => parties.length));
          const newIn = met.filter((parties) => parties.some(({ before }) => !before)).length;
          return [{ stage, kind, way, trials: met.length, most, newIn }];
        }),
      ),
    ),
    works: {
      ...{ recovered: works('recovered'), never: works('never'), notAsked: works('not-asked') },
      watchedSeconds: longest(rows.flatMap((row) => (row.works?.state === 'never' ? (row.works.seconds ?? []) : []))),
    },
    lastClient: lastClientOf(rows),
  };
}

const longest = (seconds: readonly number[]): number | null => (seconds.length === 0 ? null : Math.max(...seconds));

function lastClientOf(rows: readonly FoundRow[]): CellEvidence['lastClient'] {
  const lasts = rows.flatMap(({ latency }) =>
    typeof latency?.lastClientNs === 'number'
      ? [{ seconds: latency.lastClientNs / NS_PER_SECOND, censored: latency.censored }]
      : [],
  );
  if (lasts.length === 0) return null;
  const seconds = median(lasts.map((last) => last.seconds));
  // A bound at or below the median may in truth lie above it.
  const isLowerBound = lasts.some((last) => last.censored && last.seconds <= seconds);
  return { seconds, isLowerBound, trials: lasts.length };
}

/** Trials that reached as far as that or farther; of all that could tell without it. */
export function trialsReaching(counts: Readonly<Record<Reach, number>>, least: Reach = 'none'): number {
  return sum(REACHES.slice(0, REACHES.indexOf(least) + 1).map((reach) => counts[reach]));
}

function countsOf(rows: readonly FoundRow[], stage: Stage): Record<Reach, number> {
  const count = (reach: Reach): number => rows.filter((row) => row.reach[stage] === reach).length;
  return {
    swarm: count('swarm'),
    service: count('service'),
    path: count('path'),
    lan: count('lan'),
    none: count('none'),
  };
}
