/**
 * What a cell's trials show of the swarm after containment, to the horizon: who still named the real address, how often
 * and for how long, and who still knocked. Only trials that were watched to a horizon count.
 */
import { kaplanMeier, medianSurvival } from '../statistics/survival.ts';
import type { MeasuredRow } from './rows.ts';
import type { CellSummary } from './schema.ts';

/** The median of a measure over a cell's trials with its bootstrap interval. */
export type Estimate = (measure: (row: MeasuredRow) => number | null) => CellSummary['clearPackets'];

/**
 * Summary of the time after the trials; empty where no judged trial was watched to a horizon, so that the field is
 * absent there.
 */
export function aftermathOf(rows: readonly MeasuredRow[], estimate: Estimate): Pick<CellSummary, 'aftermath'> {
  const watched = rows.filter(({ aftermath }) => aftermath !== undefined);
  if (watched.length === 0) return {};
  const ofWatched = (measure: (row: MeasuredRow) => number | null): CellSummary['clearPackets'] =>
    estimate((row) => (row.aftermath === undefined ? null : measure(row)));
  return {
    aftermath: {
      trials: watched.length,
      namingParties: ofWatched((row) => new Set(real(row).map(({ party, id }) => `${party} ${id}`)).size),
      namingAnswers: ofWatched((row) => real(row).reduce((sum, { answers }) => sum + answers, 0)),
      handedOutSeconds: handedOut(watched),
      knocks: ofWatched((row) => row.knockPackets),
      knockSenders: ofWatched((row) => row.knockSenders),
      knocksAfterClient: ofWatched((row) => row.aftermath?.knocksAfterClient?.packets ?? null),
      knockSendersAfterClient: ofWatched((row) => row.aftermath?.knocksAfterClient?.senders ?? null),
      halfOfKnocksSeconds: ofWatched(halfOfKnocks),
    },
  };
}

function real({ handOuts }: MeasuredRow): MeasuredRow['handOuts'] {
  return handOuts.filter(({ who }) => who === 'real');
}

function handedOut(rows: readonly MeasuredRow[]): NonNullable<CellSummary['aftermath']>['handedOutSeconds'] {
  const observations = rows.flatMap(real).map(({ seconds: time, censored }) => ({ time, censored }));
  if (observations.length === 0) return null;
  const censored = observations.filter((one) => one.censored).length;
  return { ...medianSurvival(kaplanMeier(observations)), observations: observations.length, censored };
}

/** Knocks come in the order of their seconds. */
function halfOfKnocks({ aftermath }: MeasuredRow): number | null {
  const bins = aftermath?.knocksBySecond ?? [];
  const all = bins.reduce((sum, { packets }) => sum + packets, 0);
  let come = 0;
  return bins.find(({ packets }) => (come += packets) >= all / 2)?.second ?? null;
}
