/**
 * Holds what the detector found against what was planted, and mutants of the detector against the validity checks. Pure
 * functions of a trial's folder.
 */
import path from 'node:path';
import { MOST_BYTES, readText } from '../analysis/campaign/campaign-folder.ts';
import { captureFile, readTimeline } from '../analysis/campaign/evidence.ts';
import { trialFile } from '../analysis/campaign/read-campaign.ts';
import { parsedJson } from '../analysis/campaign/record-lines.ts';
import { readCapture } from '../analysis/capture/read-capture.ts';
import { KIND } from '../analysis/classify/classes.ts';
import { Classifier } from '../analysis/classify/classifier.ts';
import { measureTrial } from '../analysis/measure/measure.ts';
import { clientOf } from '../analysis/measure/uplink.ts';
import type { Findings } from '../records/findings.ts';
import type { Measures } from '../records/measures.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import { CLEAR_CLASSES, FAMILIES, SOURCE_KINDS, type ClearClass } from '../records/vocabulary.ts';
import { plantedSchema, type Planted } from './planter.ts';
import { writePcap } from './pcap-file.ts';
import { NS_PER_MS } from '../records/units.ts';

/** Classes that are sent to the local network or the home router. */
const LAN_CLASSES: readonly ClearClass[] = ['lsd', 'ssdp', 'nat-pmp'];
/** How far a found instant may lie outside the bracket in which the frame was sent. */
const TIMING_NS = NS_PER_MS;

export interface PlantedResult {
  readonly planted: number;
  readonly found: number;
  /** What was not found as planted, and what was found without having been planted, each in words. */
  readonly faults: readonly string[];
  /** The farthest that a found instant lies outside its bracket, in nanoseconds. */
  readonly worstTimingNs: number;
}

/** Every planted leak must be found once: by class, family, source kind and phase, and in time. */
export function judgePlanted(measures: Measures, planted: readonly Planted[]): PlantedResult {
  const keyOf = (row: Pick<Planted, 'phase' | 'class' | 'family' | 'source'>): string =>
    `${row.class} ${row.family} from a ${row.source} address in the ${row.phase}`;
  const rows = new Map(measures.traffic.map((row) => [keyOf(row), row]));
  const faults: string[] = [];
  let worst = 0;
  let found = 0;
  for (const leak of planted) {
    const key = keyOf(leak);
    const row = rows.get(key);
    rows.delete(key);
    if (row === undefined) {
      faults.push(`${key}: not found`);
      continue;
    }
    if (row.packets !== 1) faults.push(`${key}: 1 was planted, ${row.packets} were found`);
    const off = Math.max(0, leak.span.beforeNs - row.firstNs, row.lastNs - leak.span.afterNs);
    worst = Math.max(worst, off);
    if (off > TIMING_NS) faults.push(`${key}: ${off} ns outside the bracket in which it was sent`);
    if (row.packets === 1 && off <= TIMING_NS) found += 1;
  }
  for (const key of rows.keys()) faults.push(`${key}: found, and never planted`);
  return { planted: planted.length, found, faults, worstTimingNs: worst };
}

/** Every planted leak must be among the findings once, in the phase of its instant, with its author and how far it went. */
export function judgeFindings(findings: Findings, planted: readonly Planted[]): string[] {
  const wanted = new Map<string, number>();
  for (const leak of planted) {
    const phase = findings.phases.findLast(({ fromNs }) => fromNs <= leak.span.beforeNs)?.phase ?? 'no phase';
    const author = leak.class === 'icmp' ? 'system' : 'client';
    const scope = leak.family === 'non-ip' || LAN_CLASSES.includes(leak.class) ? 'lan' : 'path';
    const key = `${leak.class} ${leak.family} ${leak.source} of the ${author}, ${scope}, in the ${phase}`;
    wanted.set(key, (wanted.get(key) ?? 0) + 1);
  }
  const faults = findings.clear.flatMap((row) => {
    const key = `${row.class} ${row.family} ${row.source} of the ${row.author}, ${row.scope}, in the ${row.phase}`;
    const count = wanted.get(key) ?? 0;
    wanted.delete(key);
    return row.packets === count ? [] : [`findings: ${key}: ${count} planted, ${row.packets} found`];
  });
  return [...faults, ...[...wanted.keys()].map((key) => `findings: ${key}: not found`)];
}

export interface Mutant {
  readonly what: string;
  /** Why the mutant's trial does not count; null when nothing noticed. */
  readonly caughtBy: string | null;
}

/**
 * Measures the trial with detectors that each fail to see one class, family or source kind. To such a detector the
 * frames are not there, so they are taken out of the capture it reads, and the capture's own count with them.
 */
export async function judgeMutants(record: TrialRecord, folder: string): Promise<Mutant[]> {
  const axes = [
    ...CLEAR_CLASSES.map((name, code) => ({ what: `does not recognise ${name}`, field: 'code' as const, code })),
    ...FAMILIES.map((name, code) => ({ what: `does not see family ${name}`, field: 'family' as const, code })),
    ...SOURCE_KINDS.map((name, code) => ({ what: `does not see ${name} sources`, field: 'source' as const, code })),
  ];
  const mutants: Mutant[] = [];
  for (const { what, field, code } of axes) {
    const { verdict, reason } = await measureWithout(record, folder, (judgement) => judgement[field] === code);
    mutants.push({ what, caughtBy: verdict === 'inconclusive' ? reason : null });
  }
  // One class taken for another changes no count: it is the planted leaks that show it.
  const planted = await readPlanted(folder, record.trial);
  for (const name of CLEAR_CLASSES) {
    if (record.measures === null) break;
    const instead = name === 'other' ? ('icmp' as const) : ('other' as const);
    const traffic = record.measures.traffic.map((row) => (row.class === name ? { ...row, class: instead } : row));
    const [fault] = judgePlanted({ ...record.measures, traffic }, planted).faults;
    mutants.push({ what: `takes ${name} for ${instead}`, caughtBy: fault ?? null });
  }
  return mutants;
}

async function measureWithout(
  record: TrialRecord,
  folder: string,
  unseen: (judgement: ReturnType<Classifier['judge']>) => boolean,
): Promise<Measures> {
  const { identity } = record;
  if (identity === null) throw new Error(`trial ${record.trial} has no identity: the self-test cannot judge it`);
  const origin = BigInt(record.originUnixNs);
  const uplinkFile = await captureFile(folder, record, 'uplink');
  const wanFile = await captureFile(folder, record, 'wan');
  if (uplinkFile === null || wanFile === null) throw new Error(`trial ${record.trial} has lost its captures`);
  const file = path.join(path.dirname(uplinkFile), 'mutant.pcap');
  const classifier = new Classifier(clientOf(identity), record.swarm);
  await using out = await writePcap(file);
  await readCapture(uplinkFile, origin, (frame) => {
    const judgement = classifier.judge(frame);
    if (judgement.kind === KIND.clear && unseen(judgement)) return;
    const bytes = new Uint8Array(frame.view.buffer, frame.view.byteOffset + frame.offset, frame.captured);
    out.add(origin + BigInt(frame.atNs), bytes, frame.original);
  });
  await out.end();
  const captures = record.captures.map((capture) =>
    capture.name === 'uplink' ? { ...capture, packets: out.packets } : capture,
  );
  const timeline = (await readTimeline(folder, record.trial))?.events ?? [];
  const { measures } = await measureTrial({ record: { ...record, captures }, timeline, uplinkFile: file, wanFile });
  return measures;
}

/** What the trial's process says that it planted. Throws where its file is missing or is none. */
export async function readPlanted(folder: string, trial: string): Promise<Planted[]> {
  const text = await readText(folder, trialFile(trial, 'planted.json'), MOST_BYTES.timeline);
  return plantedSchema.array().parse(parsedJson(text ?? ''));
}
