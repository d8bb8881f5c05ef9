/**
 * What was wrong with a results folder, counted by kind: said once with the trials it touches, never papered over.
 */
import { RequestError } from '../../contracts/errors.ts';

import { oneLine } from '../../records/plain-text.ts';

export const PROBLEM_KINDS = [
  'torn-last-line',
  'unreadable-record',
  'invalid-record',
  'newer-record',
  'older-record',
  'duplicate-trial',
  'missing-capture',
  'unreadable-capture',
  'unreadable-timeline',
  'remeasured',
  'no-trials',
  'escaped-frame',
  'watch-dropped',
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

export interface Problem {
  readonly kind: ProblemKind;
  /** One sentence: what is wrong and what was done about it. */
  readonly message: string;
  /** Number of times the problem was met. */
  readonly count: number;
  /** Places of the problem, at most `PLACES_KEPT` of them: a trial, or a line of a file. */
  readonly places: readonly string[];
}

/**
 * Places kept of each problem, enough to find the fault: a folder without captures would otherwise name every trial.
 */
const PLACES_KEPT = 20;

/** Collects problems while a folder is read. */
export class Problems {
  readonly #kinds = new Map<ProblemKind, { message: string; count: number; places: string[] }>();

  note(kind: ProblemKind, where: string, what: string): void {
    const [place, message] = [oneLine(where), oneLine(what)];
    const known = this.#kinds.get(kind);
    if (known === undefined) {
      this.#kinds.set(kind, { message, count: 1, places: [place] });
      return;
    }
    known.count += 1;
    if (known.places.length < PLACES_KEPT) known.places.push(place);
  }

  /** Problems found so far, in the order of `PROBLEM_KINDS`. */
  list(): Problem[] {
    return PROBLEM_KINDS.flatMap((kind) => {
      const known = this.#kinds.get(kind);
      return known === undefined ? [] : [{ kind, ...known }];
    });
  }
}

/** A results folder that cannot be judged at all: no manifest, or one from a newer version. */
export class CampaignUnreadable extends RequestError {
  override readonly name = 'CampaignUnreadable';
}
