/**
 * What of a plan is still to be run, in the planned order. A trial that the machine disturbed comes back at its own place,
 * so before all that were planned after it.
 */
import type { SequentialRule } from '../../analysis/statistics/sequential.ts';
import { Allocation } from './allocation.ts';
import { MAX_REPEATS, wantsRepeat, type SealedGlance } from './ledger.ts';
import type { PlannedTrial, TrialSpec } from '../trial/spec.ts';

/** An attempt at a planned trial. */
export type Attempt = Omit<TrialSpec, 'folder'>;

export class TrialQueue {
  readonly #plan: readonly PlannedTrial[];
  readonly #places: ReadonlyMap<string, number>;
  /** Attempt to be made next, by place in the plan. */
  readonly #waiting = new Map<number, number>();
  readonly #allocation: Allocation | null;
  #from = 0;

  /**
   * `sealed`: the records there are, in the order in which they were sealed. `rule`: what decides, from the records, how
   * many of a cell's planned trials are run; without it all are.
   */
  constructor(plan: readonly PlannedTrial[], sealed: readonly SealedGlance[], rule?: SequentialRule) {
    this.#plan = plan;
    this.#allocation = rule === undefined ? null : new Allocation(plan, rule);
    this.#places = new Map(plan.map(({ trial }, place) => [trial, place]));
    for (const place of plan.keys()) this.#waiting.set(place, 0);
    for (const record of sealed) this.sealed(record);
  }

  /** Attempts still to be made at most; repeats of disturbed ones are not foreseen. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Takes the next attempt; null when none waits, or all that wait do so for results of those under way. */
  take(): Attempt | null {
    while (this.#from < this.#plan.length && !this.#waiting.has(this.#from)) this.#from++;
    for (let place = this.#from; place < this.#plan.length; place++) {
      const attempt = this.#waiting.get(place);
      const planned = this.#plan[place];
      if (attempt === undefined || planned === undefined || this.#allocation?.released(place) === false) continue;
      this.#waiting.delete(place);
      return attempt === 0
        ? { ...planned, attempt, repeats: null }
        : { ...planned, trial: `${planned.trial}.again${attempt}`, attempt, repeats: planned.trial };
    }
    return null;
  }

  /** A record was sealed: its trial is done, or comes back when the machine disturbed it. True when it comes back. */
  sealed(record: Omit<SealedGlance, 'cell'>): boolean {
    const place = this.#places.get(record.repeats ?? record.trial);
    if (place === undefined) return false;
    this.#waiting.delete(place);
    const again = wantsRepeat(record);
    for (const dropped of this.#allocation?.sealed(place, record, !again) ?? []) this.#waiting.delete(dropped);
    if (!again) return false;
    this.#waiting.set(place, Math.min(record.attempt + 1, MAX_REPEATS));
    this.#from = Math.min(this.#from, place);
    return true;
  }
}
