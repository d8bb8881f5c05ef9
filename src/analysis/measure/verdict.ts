/**
 * The verdict of one trial and the sentence that gives its reason. The rules are those of the design's "Evidence":
 * `unsupported` is only ever declared; what could not be judged is `inconclusive`, never safe; the client's own word
 * plays no part.
 */
import { isPlacebo } from '../../records/identity.ts';
import type { Exposure, Measures } from '../../records/measures.ts';
import { HEARTBEAT_BOUND_NS, isDisturbed, type TrialRecord, type WitnessCount } from '../../records/trial-record.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../records/units.ts';

/** Findings that the verdict rests on. */
export type Findings = Omit<Measures, 'verdict' | 'reason'>;

export function judge(
  record: TrialRecord,
  findings: Findings,
  problems: readonly string[],
): { verdict: Measures['verdict']; reason: string } {
  const { outcome } = record;
  if (outcome.status === 'unsupported') return { verdict: 'unsupported', reason: outcome.reason };
  if (problems.length > 0) return { verdict: 'inconclusive', reason: sentence(problems) };
  const exposed = findings.exposures.filter(({ phase }) => phase === 'gap' || phase === 'contained');
  const { moment, outage, restoration } = isPlacebo(record.cell) ? IN_PLACEBO : IN_FAULT;
  const parts: string[] = [];
  if (findings.clearPackets > 0) {
    const classes = [...new Set(findings.traffic.filter(({ phase }) => phase === 'gap').map((row) => row.class))];
    const until = findings.gapCensored
      ? `and still at the end of ${outage}`
      : `within ${seconds(findings.gapNs ?? 0)} s of ${moment}`;
    parts.push(
      `${packets(findings.clearPackets)} of ${findings.clearBytes} bytes left in ${outage}, ${until} (${classes.join(', ')})`,
    );
  } else {
    parts.push(`no clear packet left in ${outage}`);
  }
  if (exposed.length > 0) parts.push(exposureText(exposed));
  if (findings.baselineClearPackets > 0) {
    parts.push(`${packets(findings.baselineClearPackets)} had left before ${moment}`);
  }
  if (findings.recoveryClearPackets > 0) {
    parts.push(`${packets(findings.recoveryClearPackets)} left after ${restoration}`);
  }
  const leaked = findings.clearPackets > 0 || exposed.length > 0;
  const blind = blindnessOf(record);
  if (!leaked && blind.length > 0) return { verdict: 'inconclusive', reason: sentence([...blind, ...parts]) };
  return { verdict: leaked ? 'leak' : 'no-leak', reason: sentence([...parts, ...blind]) };
}

/** What a sentence calls the parts of a trial in which something fell, and of one in which nothing did. */
const IN_FAULT = { moment: 'the fault', outage: 'the outage', restoration: 'restoration' } as const;
const IN_PLACEBO = { moment: 'the moment', outage: 'the window', restoration: 'it' } as const;

/**
 * Instruments that could not see for a part of the trial, each as a clause. What the others saw stands; that nobody saw
 * anything does not.
 */
export function blindnessOf({ instruments = [] }: Pick<TrialRecord, 'instruments'>): string[] {
  return instruments.flatMap(({ id, dropped, blind }) => [
    ...(blind === null ? [] : [`the instrument «${id}» was blind for a part of the trial: ${blind}`]),
    ...(dropped === null || dropped === 0 ? [] : [`the instrument «${id}» lost ${dropped} of what came to it`]),
  ]);
}

/** Reasons in the record itself that forbid a verdict, each as a clause. */
export function problemsOfRecord(record: TrialRecord): string[] {
  const problems: string[] = [];
  const { outcome, instants, canaries, captures } = record;
  if (outcome.status === 'failed') problems.push(`the trial failed at ${outcome.stage}: ${outcome.reason}`);
  if (instants.steadyNs === null) problems.push('the client never reached steady state through the tunnel');
  if (instants.fault === null) problems.push('no fault was injected');
  if (isDisturbed(record)) {
    const [late, bound] = [record.heartbeatMaxDelayNs ?? 0, HEARTBEAT_BOUND_NS].map((ns) => Math.round(ns / NS_PER_MS));
    problems.push(`the machine disturbed the trial: its heartbeat was late by ${late} ms, more than ${bound} ms`);
  }
  if (canaries.length === 0) problems.push('no canary was sent, so no instrument is proven to see');
  for (const { instrument, stage, seen } of canaries) {
    if (!seen) problems.push(`the instrument «${instrument}» missed the canary ${stage} the trial`);
  }
  for (const { name, dropped } of captures) {
    if (dropped === null) problems.push(`the ${name} capture cannot say whether it dropped packets`);
    else if (dropped > 0) problems.push(`the ${name} capture dropped ${packets(dropped, '')}`);
  }
  if (!captures.some(({ name }) => name === 'uplink')) problems.push('there is no uplink capture');
  return problems;
}

/** The two witnesses must agree on every clear packet. */
export function problemsOfWitnesses(counters: WitnessCount | null, capture: WitnessCount): string[] {
  if (counters === null) return ['the packet-filter counters on the router were not read'];
  if (counters.clear === capture.clear) return [];
  return [`the witnesses disagree: the router counted ${packets(counters.clear)}, the capture holds ${capture.clear}`];
}

function exposureText(exposures: readonly Exposure[]): string {
  const parties = new Map<string, string[]>();
  for (const { party, id, how } of exposures) {
    const ways = parties.get(`${party} ${id}`) ?? [];
    if (!ways.includes(how)) parties.set(`${party} ${id}`, [...ways, how]);
  }
  const shown = [...parties].slice(0, 3).map(([party, ways]) => `${party} (${ways.join(', ')})`);
  const more = parties.size > shown.length ? ` and ${parties.size - shown.length} more` : '';
  return `the real address was learnt by ${shown.join(', ')}${more}`;
}

function packets(count: number, kind = 'clear '): string {
  return `${count} ${kind}packet${count === 1 ? '' : 's'}`;
}

function seconds(ns: number): string {
  return (ns / NS_PER_SECOND).toFixed(3);
}

function sentence(parts: readonly string[]): string {
  const text = parts.join('; ').replace(/[.\s]+$/, '');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
