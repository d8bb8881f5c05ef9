/**
 * What a campaign shows, in sentences a person can quote, each with its uncertainty. Pooled numbers describe the cells
 * of this campaign together; they promise nothing for another mix of clients and faults.
 */
import { sum } from 'simple-statistics';
import { clopperPearson, upperBound } from '../statistics/binomial.ts';
import type { Reach } from '../../records/findings.ts';
import { isPlacebo } from '../../records/identity.ts';
import { grouped } from './cells.ts';
import { badness } from './reach-words.ts';
import { trialsReaching, type Stage } from './reach.ts';
import { duration, gapWords, percent, plural } from './summary-words.ts';
import type { CellSummary, Conclusion, HandOutSurvival, Polling, Summary } from './schema.ts';

/** List in words: `a, b and c`. */
const LIST = new Intl.ListFormat('en-GB');

type Facts = Pick<
  Summary,
  'trials' | 'cells' | 'polling' | 'handOuts' | 'violations' | 'unjudged' | 'problems' | 'sequential'
>;

/** Conclusions first to last: how trials were allocated, where results decided it; control arms, switches, requirements, polling, what stayed open, the data themselves. */
export function conclusionsOf(facts: Facts): Conclusion[] {
  return [
    ...allocated(facts),
    ...controls(facts),
    ...switchConclusions(facts),
    ...requirements(facts.violations),
    ...unmet(facts.unjudged),
    ...baselines(facts.cells),
    ...facts.polling.map(polled),
    ...facts.handOuts.filter(({ who }) => who === 'real').map(handedOut),
    ...undecided(facts),
    ...dataConclusions(facts.problems),
  ];
}

function allocated({ sequential }: Facts): Conclusion[] {
  return sequential === undefined
    ? []
    : [{ id: 'allocation', kind: 'allocation', tone: 'fact', text: sequential.rule }];
}

/** Says of each client apart that something can be seen of it: another client's leaks say nothing of it. */
function controls({ cells, sequential }: Facts): Conclusion[] {
  const none = withFault(cells).filter((cell) => cell.killSwitch === 'none');
  if (none.length === 0) {
    const text = 'The campaign has no arm without a kill switch, so an absence of leaks shows nothing.';
    return [{ id: 'control', kind: 'control', tone: 'undecided', text }];
  }
  const seen = [...grouped(none, ({ client }) => client)].flatMap(([client, own]): Conclusion[] => {
    const met = reachedIn(own, 'outage');
    if (met.clear === 0) return [];
    const text = `Without a kill switch, ${client} ${outageWords(met, own, sequential)}${causeOver(own)}; so a leak can be seen here.`;
    return [{ id: `control ${client}`, kind: 'control', tone: 'leak', text }];
  });
  return [...seen, ...silentControls(none)];
}

function silentControls(none: readonly CellSummary[]): Conclusion[] {
  const silent = none.filter((cell) => cell.control === 'silent' || cell.control === 'absent');
  const groups = grouped(silent, ({ client, moment, control }) => JSON.stringify([client, moment, control]));
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const where = `${first.client} under ${LIST.format(alike.map(({ fault }) => fault))} at ${first.moment}`;
    const why = first.control === 'absent' ? 'gave no judged trial' : 'did not leak';
    const text = `For ${where} the arm without a kill switch ${why}: what the switches did there is inconclusive, not safe.`;
    return [{ id: `control ${where}`, kind: 'control', tone: 'undecided', text }];
  });
}

/** One conclusion for each client and switch, the worst first; never over clients. */
function switchConclusions({ cells, sequential }: Facts): Conclusion[] {
  const pairs = grouped(
    withFault(cells).filter((cell) => cell.killSwitch !== 'none'),
    ({ client, killSwitch }) => JSON.stringify([client, killSwitch]),
  );
  return [...pairs.values()]
    .map((all) => ({ all, worst: Math.min(...all.map(badness)) }))
    .sort((a, b) => a.worst - b.worst)
    .map(({ all }) => switchConclusion(all, sequential));
}

function switchConclusion(all: readonly CellSummary[], sequential: Summary['sequential']): Conclusion {
  const { client = '', killSwitch = '' } = all[0] ?? {};
  const id = `switch ${client} ${killSwitch}`;
  const met = reachedIn(all, 'outage');
  if (met.clear > 0) {
    const leaking = all.filter((cell) => reachedIn([cell], 'outage').clear > 0);
    const text = `${killSwitch} with ${client}: it ${outageWords(met, all, sequential)}${causeOver(all)}${gapRange(leaking)}.`;
    return { id, kind: 'switch', tone: 'leak', text };
  }
  const held = all.filter((cell) => cell.finding === 'no-leak-seen');
  const { judged } = pooled(held);
  const bound = upperBound(0, judged);
  if (bound === null) {
    const unsupported = all.every((cell) => cell.finding === 'unsupported');
    const text = unsupported
      ? `${killSwitch} is not supported with ${client}.`
      : `Nothing can be said of ${killSwitch} with ${client}: none of its cells has both judged trials and a control that leaked.`;
    return { id, kind: 'switch', tone: 'undecided', text };
  }
  const [fewest = judged] = held.map((cell) => pooled([cell]).judged).sort((a, b) => a - b);
  const worst = upperBound(0, fewest);
  const ofOne =
    held.length > 1 && worst !== null ? ` on average over them, and ${percent(worst)} in the cell with the fewest` : '';
  const text =
    `${killSwitch} with ${client} showed no leak in ${plural(judged, 'trial')} over ${plural(held.length, 'cell')}: ` +
    `its leak probability there is at most ${percent(bound)}${ofOne} (exact, one-sided 95 %)${restOf(all, held)}.`;
  return { id, kind: 'switch', tone: 'held', text };
}

/** Gives the cells in which something was done to the tunnel. */
function withFault(cells: readonly CellSummary[]): CellSummary[] {
  return cells.filter((cell) => !isPlacebo(cell));
}

interface Reached {
  readonly known: number;
  /** Trials in which something left in the clear, and those of them in which a third party was told. */
  readonly clear: number;
  readonly told: number;
  /** Cells with such trials, of those known. */
  readonly cells: number;
}

/** How far trials of some cells reached in a stage, over those that could tell. */
function reachedIn(cells: readonly CellSummary[], stage: Stage): Reached {
  const counts = cells.flatMap(({ found }) => found?.reach[stage] ?? []);
  const over = (least?: Reach): number => sum(counts.map((each) => trialsReaching(each, least)));
  return {
    known: over(),
    clear: over('lan'),
    told: over('service'),
    cells: counts.filter((each) => trialsReaching(each, 'lan') > 0).length,
  };
}

/** Words for «told a third party in so many trials while the tunnel was down», an interval only where it is of one cell. */
function outageWords(
  { known, clear, told, cells }: Reached,
  all: readonly CellSummary[],
  sequential: Summary['sequential'],
): string {
  const often = (count: number): string =>
    all.length === 1 ? ofTrials(count, known, sequential) : `${count} of ${plural(known, 'trial')}`;
  const where = all.length === 1 ? '' : `, in ${cells} of ${plural(all.length, 'cell')}`;
  if (told === 0)
    return `let packets out while the tunnel was down in ${often(clear)}, and told nobody beyond the local network${where}`;
  const more = clear > told ? `, and let packets out in ${clear}` : '';
  return `told a third party the address while the tunnel was down in ${often(told)}${more}${where}`;
}

/** Whether the fall is shown to have done it, over the cells of a client and switch. */
function causeOver(cells: readonly CellSummary[]): string {
  const causes = cells.flatMap(({ cause, fault }) => (cause === null ? [] : [{ ...cause, fault }]));
  const shown = causes.filter(({ outcome }) => outcome === 'added');
  if (shown.length > 0) {
    const where = causes.length === 1 ? '' : ` under ${LIST.format(shown.map(({ fault }) => fault))}`;
    return `; the fall is shown to have done it${where}`;
  }
  if (causes.some(({ outcome }) => outcome === 'with-and-without')) return '; it happens without a fall, too';
  return '; that the fall did it is not shown';
}

/** What leaves while the tunnel carries traffic: said of each client and switch, since no switch that only reacts stops it. */
function baselines(cells: readonly CellSummary[]): Conclusion[] {
  const pairs = grouped(cells, ({ client, killSwitch }) => JSON.stringify([client, killSwitch]));
  return [...pairs.values()].flatMap((own): Conclusion[] => {
    const { client = '', killSwitch = '' } = own[0] ?? {};
    const { known, clear, told } = reachedIn(own, 'before');
    if (clear === 0) return [];
    const who = killSwitch === 'none' ? `${client} without a kill switch` : `${client} with ${killSwitch}`;
    const often = `in ${told === 0 ? clear : told} of ${plural(known, 'trial')}`;
    const text =
      told === 0
        ? `${who} let packets out while the tunnel worked, before any fault, ${often}, and told nobody beyond the local network.`
        : `${who} told a third party the address while the tunnel worked, before any fault, ${often}.`;
    return [{ id: `baseline ${client} ${killSwitch}`, kind: 'baseline', tone: 'leak', text }];
  });
}

/** What became of a switch's other cells, so that holding in some does not read as holding in all. */
function restOf(all: readonly CellSummary[], held: readonly CellSummary[]): string {
  if (all.length === held.length) return '';
  const unsupported = all.filter((cell) => cell.finding === 'unsupported').length;
  const open = all.length - held.length - unsupported;
  const parts = [
    ...(unsupported === 0 ? [] : [`unsupported in ${unsupported}`]),
    ...(open === 0 ? [] : [`inconclusive in ${open}`]),
  ];
  return `; of its ${plural(all.length, 'cell')} it is ${parts.join(' and ')}`;
}

function gapRange(leaking: readonly CellSummary[]): string {
  const gaps = leaking.flatMap(({ gapSeconds }) => gapSeconds ?? []).sort((a, b) => a.median - b.median);
  const shortest = gaps[0];
  const longest = gaps[gaps.length - 1];
  if (shortest === undefined || longest === undefined) return '';
  if (shortest === longest) return `; the median gap was ${gapWords(shortest)}`;
  const least = longest.medianIsLowerBound ? 'at least ' : '';
  return `; the cells' median gaps ran from ${duration(shortest.median)} to ${least}${duration(longest.median)}`;
}

type Requirement = Summary['unjudged'][number];

const requirementId = ({ client, killSwitch, fault, moment, reach }: Requirement): string =>
  ['requirement', client, killSwitch, fault, moment, ...(reach === undefined ? [] : [reach])].join(' ');

const FORBIDDEN_WORDS = {
  swarm: 'that nobody of the swarm learns the address',
  service: 'that no third party learns the address',
  path: 'that nothing crosses the access network in the clear',
  lan: 'that nothing leaves in the clear, to the local network neither',
} as const;

/** What is required of a cell. */
function required({ killSwitch, reach }: Requirement): string {
  if (reach === undefined) return `The scenario requires ${killSwitch} not to leak`;
  return `The scenario requires of ${killSwitch} ${FORBIDDEN_WORDS[reach]}`;
}

function requirements(violations: Summary['violations']): Conclusion[] {
  return violations.map((cell) => ({
    id: requirementId(cell),
    kind: 'requirement',
    tone: 'leak',
    text: `${required(cell)}; with ${cell.client} under ${cell.fault} at ${cell.moment} ${cell.reach === undefined ? 'it leaked, or told a third party the address,' : 'it did'} in ${cell.leaks} of ${plural(cell.judged, 'trial')}.`,
  }));
}

function unmet(unjudged: Summary['unjudged']): Conclusion[] {
  return unjudged.map((cell) => ({
    id: requirementId(cell),
    kind: 'requirement',
    tone: 'undecided',
    text: `${required(cell)}; with ${cell.client} under ${cell.fault} at ${cell.moment} no trial was judged, so that nothing is shown.`,
  }));
}

function polled({ killSwitch, periodSeconds, periods, detectionSeconds, unnoticed, uniform }: Polling): Conclusion {
  const measured = `${killSwitch} noticed the fault after a median of ${duration(detectionSeconds.median)}`;
  const model =
    periods === undefined
      ? `the model (uniform on 0 to ${duration(periodSeconds)}) expects ${duration(periodSeconds / 2)}`
      : `the model is the first of looks every ${LIST.format(periods.map(duration))}, at most ${duration(periodSeconds)}`;
  const fits = uniform.p < 0.05 ? 'the delays do not fit it' : 'the delays do not contradict it';
  const test = `Kolmogorov-Smirnov p = ${uniform.p < 0.001 ? '< 0.001' : uniform.p.toFixed(3)}, n = ${uniform.n}`;
  const never = unnoticed === 0 ? '' : ` In ${plural(unnoticed, 'more judged trial')} it never said that it noticed.`;
  const text = `${measured}; ${model}, and ${fits} (${test}).${never}`;
  return { id: `polling ${killSwitch}`, kind: 'polling', tone: 'fact', text: text.replace('= <', '<') };
}

function handedOut({ party, median, observations, censored }: HandOutSurvival): Conclusion {
  const name = { tracker: 'Trackers', dht: 'DHT nodes', peer: 'Peers', neighbour: 'Neighbours', resolver: 'Resolvers' }[
    party
  ];
  const howLong = median === null ? 'for longer than was watched' : `for a median of ${duration(median)}`;
  const text = `${name} that knew the real address handed it out to strangers ${howLong} after learning it (${plural(observations, 'observation')}, ${censored} still handing it out when last asked).`;
  return { id: `hand-out ${party}`, kind: 'hand-out', tone: 'leak', text };
}

function undecided({ trials, cells }: Facts): Conclusion[] {
  if (trials.inconclusive === 0) return [];
  const counts = new Map<string, number>();
  for (const { reasons, verdicts } of cells) {
    if (verdicts.inconclusive === 0) continue;
    for (const { reason, trials: times } of reasons) counts.set(reason, (counts.get(reason) ?? 0) + times);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1])[0];
  const why = most === undefined ? '' : `; the most frequent reason: ${most[0]} (${plural(most[1], 'trial')})`;
  const text = `${plural(trials.inconclusive, 'trial')} of ${trials.recorded} ${trials.inconclusive === 1 ? 'is' : 'are'} inconclusive and counted for nothing${why}.`;
  return [{ id: 'inconclusive', kind: 'inconclusive', tone: 'undecided', text }];
}

function dataConclusions(problems: Summary['problems']): Conclusion[] {
  return problems.map(({ kind, message, count }) => ({
    id: `data ${kind}`,
    kind: 'data',
    tone: 'undecided',
    text: count === 1 ? message : `${message} (${count} times)`,
  }));
}

function pooled(cells: readonly CellSummary[]): { readonly leak: number; readonly judged: number } {
  const leak = cells.reduce((sum, { verdicts }) => sum + verdicts.leak, 0);
  return { leak, judged: leak + cells.reduce((sum, { verdicts }) => sum + verdicts.noLeak, 0) };
}

/**
 * Words for «leaked in so many trials». They have no interval where results decided how many trials each cell has:
 * pooled, they have none that holds.
 */
function ofTrials(leak: number, judged: number, sequential: Summary['sequential']): string {
  if (sequential !== undefined) return `${leak} of ${plural(judged, 'judged trial')}`;
  const proportion = clopperPearson(leak, judged);
  if (proportion === null) return 'no judged trial';
  const { estimate, low, high } = proportion;
  return `${leak} of ${plural(judged, 'judged trial')} (${percent(estimate)}, 95 % interval ${percent(low)} to ${percent(high)})`;
}
