/**
 * Whether the fault did it: every cell's trials held against the placebo arm's, in which everything happened but the
 * fault. Shown by that comparison alone, never by what came after what: a client has timers of its own, and one that
 * tells its address all the time goes on telling it in the outage.
 */
import * as z from 'zod';
import { isForbidden, type Forbidden } from '../../records/findings.ts';
import { isPlacebo, type CellNames } from '../../records/identity.ts';
import { holm } from '../statistics/holm.ts';
import { moreOften, type Counts } from '../statistics/stratified.ts';
import type { TrialRow } from './rows.ts';

/** Family-wise level at which the fault's share counts as shown. */
const LEVEL = 0.05;
/** Trials that either arm must have for a test: below five a side no exact test reaches the level within a family. */
const LEAST_TRIALS = 5;

/**
 * Questions asked of every cell: did a third party learn the address while the tunnel was down, and did anything leave
 * in the clear: how far it must have reached for that, at the least. Each has a family of its own.
 */
const ASKED = { told: 'service', clear: 'lan' } as const satisfies Record<string, Forbidden>;
type Question = keyof typeof ASKED;

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

const heldSchema = z.object({
  /** Trials of which it is so, and all that could tell. */
  fault: z.object({ trials: count, of: count }),
  placebo: z.object({ trials: count, of: count }),
  /** One-sided exact test that it is so more often with the fault; null below five trials an arm. */
  p: share.nullable(),
  /** The p after Holm's correction over the cells of the campaign. */
  pHolm: share.nullable(),
});
type Held = z.infer<typeof heldSchema>;

/**
 * `added`: so more often with the fault than without. `with-and-without`: no difference is shown, and the placebo arm has
 * it. `not-shown`: no difference is shown, and the placebo arm does not have it. `nothing`: neither arm has it.
 */
const OUTCOMES = ['added', 'with-and-without', 'not-shown', 'too-few', 'nothing', 'no-placebo'] as const;

export const causeSchema = z.object({
  /** The outcome, and the worse of the two questions that it is about. */
  outcome: z.enum(OUTCOMES),
  about: z.enum(['told', 'clear']),
  told: heldSchema,
  clear: heldSchema,
});
export type Cause = z.infer<typeof causeSchema>;

/** A cell's trials beside those of the placebo arm of the same client, kill switch and moment. */
export interface CauseArm {
  readonly cell: CellNames;
  readonly rows: readonly TrialRow[];
  readonly placebo: readonly TrialRow[];
}

/** What may be said of each arm, in the order given; null for the placebo arms themselves. */
export function causesOf(arms: readonly CauseArm[]): readonly (Cause | null)[] {
  const tested = arms.map(({ cell, rows, placebo }) =>
    isPlacebo(cell) ? null : { told: held('told', rows, placebo), clear: held('clear', rows, placebo) },
  );
  const corrected = { told: correctedFor('told', tested), clear: correctedFor('clear', tested) };
  return tested.map((both, index) => {
    if (both === null) return null;
    const told = { ...both.told, pHolm: corrected.told[index] ?? null };
    const clear = { ...both.clear, pHolm: corrected.clear[index] ?? null };
    return { ...outcomeOf(told, clear), told, clear };
  });
}

function held(question: Question, rows: readonly TrialRow[], placebo: readonly TrialRow[]): Omit<Held, 'pHolm'> {
  const [fresh, old] = [countsOf(question, rows), countsOf(question, placebo)];
  const enough = fresh.all >= LEAST_TRIALS && old.all >= LEAST_TRIALS;
  return {
    fault: { trials: fresh.yes, of: fresh.all },
    placebo: { trials: old.yes, of: old.all },
    // Where no table of these margins could differ, the test says so of itself.
    p: enough ? (moreOften([{ fresh, old }]) ?? 1) : null,
  };
}

/** Trials whose outage is known, and those of them that reached as far; what a doubt could have hidden is not counted. */
function countsOf(question: Question, rows: readonly TrialRow[]): Counts {
  const known = rows.flatMap((row) => row.found?.reach.outage ?? []);
  return { yes: known.filter((reach) => isForbidden(reach, ASKED[question])).length, all: known.length };
}

/** Corrected p by the arm's place; undefined where there was no test. */
function correctedFor(
  question: Question,
  tested: readonly (Readonly<Record<Question, Omit<Held, 'pHolm'>>> | null)[],
): readonly (number | undefined)[] {
  const places = tested.flatMap((both, index) => {
    const p = both?.[question].p;
    return typeof p === 'number' ? [{ index, p }] : [];
  });
  const corrected = holm(places.map(({ p }) => p));
  const byPlace = new Map(places.map(({ index }, rank) => [index, corrected[rank]]));
  return tested.map((_, index) => byPlace.get(index));
}

function outcomeOf(told: Held, clear: Held): Pick<Cause, 'outcome' | 'about'> {
  const seen = [told, clear].find(({ fault }) => fault.trials > 0);
  const about = seen === told ? 'told' : 'clear';
  const isShown = ({ pHolm }: Held): boolean => pHolm !== null && pHolm <= LEVEL;
  if (seen === undefined) return { outcome: clear.fault.of === 0 ? 'too-few' : 'nothing', about };
  if (seen.placebo.of === 0) return { outcome: 'no-placebo', about };
  if (isShown(seen)) return { outcome: 'added', about };
  // Somebody was told in few trials, but far more often something left: the fault did that much.
  if (isShown(clear)) return { outcome: 'added', about: 'clear' };
  if (seen.p === null) return { outcome: 'too-few', about };
  return { outcome: seen.placebo.trials > 0 ? 'with-and-without' : 'not-shown', about };
}
