/**
 * Every number the paper may say, by name, in words. The manuscript writes `#fact("trials.judged")`; a name that is not
 * here ends the build, and so does a digit typed by hand (hand-typed.ts).
 */
import type { Manifest } from '../../records/manifest.ts';
import { CLEAR_CLASSES, KILL_SWITCH_FAMILIES, PARTIES } from '../../records/vocabulary.ts';
import type { FigureInput } from '../figures/figure.ts';
import { FINDINGS } from '../figures/style.ts';
import { clopperPearson, upperBound } from '../statistics/binomial.ts';
import { bootstrapQuantile } from '../statistics/quantiles.ts';
import { kaplanMeier, medianSurvival } from '../statistics/survival.ts';
import { censoredGap, judged, survivalObservations, valuesOf } from '../summary/cells.ts';
import type { MeasuredRow, TrialRow } from '../summary/rows.ts';
import { duration, gapWords, interval, leakWords, percent, plural } from '../summary/summary-words.ts';
import { CLAIM_RULES, judgeClaims, type Claim } from './claims.ts';

/** What the manuscript reads: text throughout, so that nothing is formatted twice. */
export interface PaperData {
  readonly facts: Readonly<Record<string, string>>;
  readonly conclusions: readonly string[];
  readonly claims: readonly Claim[];
  readonly rules: readonly { readonly statement: string; readonly rule: string }[];
  /** A line a cell: found, client, kill switch, fault, moment, trials, leak probability, gap. */
  readonly cells: readonly (readonly string[])[];
  readonly versions: readonly (readonly [string, string])[];
  readonly figures: readonly { readonly id: string; readonly title: string; readonly caption: string }[];
}

export function paperData(manifest: Manifest, input: FigureInput, figures: PaperData['figures']): PaperData {
  return {
    facts: { ...campaignFacts(manifest, input), ...familyFacts(input), ...exposureFacts(input) },
    conclusions: input.summary.conclusions.map(({ text }) => text),
    claims: judgeClaims(input),
    rules: CLAIM_RULES.map(({ statement, rule }) => ({ statement, rule })),
    cells: input.summary.cells.map((cell) => [
      FINDINGS[cell.finding].word,
      cell.client,
      cell.killSwitch,
      cell.fault,
      cell.moment,
      `${cell.verdicts.leak} of ${cell.verdicts.leak + cell.verdicts.noLeak}`,
      leakWords(cell),
      gapWords(cell.gapSeconds),
    ]),
    versions: [
      ['kernel', manifest.machine.kernel],
      ['architecture', manifest.machine.architecture],
      ['cores', String(manifest.machine.cores)],
      ['memory', `${manifest.machine.memoryMiB} MiB`],
      ...Object.entries(manifest.versions),
    ],
    figures,
  };
}

function campaignFacts(manifest: Manifest, { summary, rows }: FigureInput): Record<string, string> {
  const { trials, cells } = summary;
  const names = (of: (cell: (typeof cells)[number]) => string): string[] => [...new Set(cells.map(of))];
  const lists = {
    clients: names(({ client }) => client),
    switches: names(({ killSwitch }) => killSwitch),
    faults: names(({ fault }) => fault),
    moments: names(({ moment }) => moment),
  };
  const brackets = rows.flatMap(({ faultBracketSeconds }) => faultBracketSeconds ?? []);
  return {
    'campaign.name': summary.campaign,
    'campaign.date': summary.startedAt.slice(0, 10),
    'campaign.seed': String(summary.seed),
    'campaign.commit': manifest.commit ?? 'unknown',
    'campaign.hypothesis': summary.scenario.hypothesis,
    'campaign.scenario': summary.scenario.name,
    'lab.backend': manifest.lab.backend,
    'lab.tunnel': manifest.lab.tunnel,
    'trials.recorded': plural(trials.recorded, 'trial'),
    'trials.judged': plural(trials.judged, 'trial'),
    'trials.leak': plural(trials.leak, 'trial'),
    'trials.noLeak': plural(trials.noLeak, 'trial'),
    'trials.inconclusive': plural(trials.inconclusive, 'trial'),
    'trials.unsupported': plural(trials.unsupported, 'trial'),
    'cells.count': plural(cells.length, 'cell'),
    confidence: percent(summary.confidence),
    'fault.bracket': interval(bootstrapQuantile(brackets), duration),
    ...Object.fromEntries(
      Object.entries(lists).flatMap(([name, list]) => [
        [`${name}.list`, list.join(', ')],
        [`${name}.count`, String(list.length)],
      ]),
    ),
  };
}

/**
 * Facts of each family of kill switches, pooled over its cells: what leaked, for how long, and what it cost to recover.
 */
function familyFacts({ rows }: FigureInput): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const family of KILL_SWITCH_FAMILIES) {
    const own = rows.filter((row) => row.family === family);
    const evidence = judged(own);
    const median = (measure: (row: MeasuredRow) => number | null): string =>
      interval(bootstrapQuantile(valuesOf(evidence, measure)), duration);
    const knocked = survivalObservations(evidence);
    const survival = medianSurvival(kaplanMeier(knocked));
    facts[`${family}.leak`] = leaked(own);
    const gaps = valuesOf(evidence, ({ gapSeconds }) => gapSeconds);
    const gap = bootstrapQuantile(gaps);
    facts[`${family}.gap`] = none(
      gapWords(censoredGap(evidence, gap && { ...gap, trials: gaps.length })),
      'no gap was measured',
    );
    facts[`${family}.detection`] = none(
      median(({ detectionSeconds }) => detectionSeconds),
      'none was told',
    );
    facts[`${family}.latency`] = none(
      median(({ switchLatencySeconds }) => switchLatencySeconds),
      'none was told',
    );
    facts[`${family}.recovery`] = none(
      median(({ recoverySeconds }) => recoverySeconds),
      'none was seen',
    );
    facts[`${family}.survival`] =
      knocked.length === 0
        ? 'no time at all (nobody knocked)'
        : `${survival.median === null ? 'longer than was watched' : duration(survival.median)} (${plural(knocked.length, 'trial')})`;
    facts[`${family}.classes`] = classes(evidence);
  }
  return facts;
}

function exposureFacts({ rows }: FigureInput): Record<string, string> {
  const leaking = judged(rows.filter(({ verdict, family }) => verdict === 'leak' && family !== 'none'));
  return Object.fromEntries(
    PARTIES.map((party) => {
      const told = leaking.filter(({ exposedTo }) => exposedTo[party] > 0).length;
      return [`exposed.${party}`, share(told, leaking.length, 'leaking trials under a kill switch')];
    }),
  );
}

function leaked(rows: readonly TrialRow[]): string {
  const leaks = rows.filter(({ verdict }) => verdict === 'leak').length;
  const all = leaks + rows.filter(({ verdict }) => verdict === 'no-leak').length;
  const bound = upperBound(0, all);
  if (leaks > 0 || bound === null)
    return all === 0 ? 'no judged trials' : `leaked in ${share(leaks, all, 'judged trials')}`;
  return `no leak in ${plural(all, 'judged trial')}, so at most ${percent(bound)}`;
}

function share(yes: number, all: number, of: string): string {
  const proportion = clopperPearson(yes, all);
  if (proportion === null) return `no ${of}`;
  return `${yes} of ${all} ${of} (${percent(proportion.low)} to ${percent(proportion.high)})`;
}

function classes(rows: readonly MeasuredRow[]): string {
  const total = (name: (typeof CLEAR_CLASSES)[number]): number =>
    rows.reduce((sum, row) => sum + row.packetsByClass[name], 0);
  const seen = CLEAR_CLASSES.filter((name) => total(name) > 0);
  return seen.length === 0 ? 'none' : seen.map((name) => `${name} (${plural(total(name), 'packet')})`).join(', ');
}

function none(words: string, instead: string): string {
  return words === '–' ? instead : words;
}
