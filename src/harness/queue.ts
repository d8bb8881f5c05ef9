/**
 * What of a plan is still to be run, in the planned order. A trial that the machine disturbed comes back at its own place,
 * so before all that were planned after it.
 */
import { MAX_REPEATS, wantsRepeat, type SealedGlance } from './ledger.ts';
import type { PlannedTrial, TrialSpec } from './plan.ts';
import type { TrialRecord } from './records.ts';

/** An attempt at a planned trial. */
export type Attempt = Omit<TrialSpec, 'folder'>;

export class TrialQueue {
  readonly #plan: readonly PlannedTrial[];
  readonly #places: ReadonlyMap<string, number>;
  /** Attempt to be made next, by place in the plan. */
  readonly #waiting = new Map<number, number>();
  #from = 0;

  /** `sealed`: the records there are, in the order in which they were sealed. */
  constructor(plan: readonly PlannedTrial[], sealed: readonly SealedGlance[]) {
    this.#plan = plan;
    this.#places = new Map(plan.map(({ trial }, place) => [trial, place]));
    for (const place of plan.keys()) this.#waiting.set(place, 0);
    for (const record of sealed) this.sealed(record);
  }

  /** Attempts still to be made, disturbed ones not foreseen. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Takes the next attempt; null when none waits. */
  take(): Attempt | null {
    for (; this.#from < this.#plan.length; this.#from++) {
      const attempt = this.#waiting.get(this.#from);
      const planned = this.#plan[this.#from];
      if (attempt === undefined || planned === undefined) continue;
      this.#waiting.delete(this.#from);
      return attempt === 0
        ? { ...planned, attempt, repeats: null }
        : { ...planned, trial: `${planned.trial}.again${attempt}`, attempt, repeats: planned.trial };
    }
    return null;
  }

  /** A record was sealed: its trial is done, or comes back when the machine disturbed it. True when it comes back. */
  sealed(record: Pick<TrialRecord, 'trial' | 'attempt' | 'repeats' | 'heartbeatMaxDelayNs'>): boolean {
    const place = this.#places.get(record.repeats ?? record.trial);
    if (place === undefined) return false;
    this.#waiting.delete(place);
    if (!wantsRepeat(record)) return false;
    this.#waiting.set(place, Math.min(record.attempt + 1, MAX_REPEATS));
    this.#from = Math.min(this.#from, place);
    return true;
  }
}
