/**
 * Chooses which trials of a plan are run when their number depends on results: all of a cell's trials up to its next
 * look, and none beyond it until that look says so. A function of the plan, the rule and the sealed records alone,
 * whatever their order and however many labs ran side by side, so that an interrupted campaign goes on as it would
 * have. Cells of control and placebo get their trials by the same looks as any other: what is compared are the trials up
 * to the first look, which all have.
 */
import { isKnown, type CellCounts, type SequentialRule } from '../../analysis/statistics/sequential.ts';
import type { SealedGlance } from './ledger.ts';
import type { PlannedTrial } from '../trial/spec.ts';
import { cellKey } from '../../records/identity.ts';

/** A cell's trials from one look to the next. */
interface Stage {
  /** Places in the plan that are not done yet. */
  readonly left: Set<number>;
  counts: CellCounts;
}

interface Progress {
  readonly stages: readonly Stage[];
  /** The stage under way; as many as there are stages when the cell is done. */
  at: number;
}

const NOTHING: CellCounts = { leaks: 0, noLeaks: 0, unsupported: 0, inconclusive: 0 };

export class Allocation {
  readonly #rule: SequentialRule;
  readonly #cells = new Map<string, Progress>();
  readonly #stages: readonly number[];
  readonly #keys: readonly string[];

  constructor(plan: readonly PlannedTrial[], rule: SequentialRule) {
    this.#rule = rule;
    this.#keys = plan.map(({ cell }) => cellKey(cell));
    this.#stages = plan.map(({ repetition }) => rule.looks.findIndex((look) => repetition < look));
    for (const place of plan.keys()) this.#progress(place).stages[this.#stages[place] ?? 0]?.left.add(place);
  }

  /** Whether the trial at this place may be run now. */
  released(place: number): boolean {
    return this.#progress(place).at === this.#stages[place];
  }

  /** A record was sealed for the trial at this place; `done`: no further attempt follows. Gives the places dropped. */
  sealed(place: number, record: Pick<SealedGlance, 'outcome' | 'measures'>, done: boolean): readonly number[] {
    const progress = this.#progress(place);
    const stage = progress.stages[this.#stages[place] ?? 0];
    if (stage === undefined) return [];
    stage.counts = sum(stage.counts, countOf(record));
    if (done) stage.left.delete(place);
    while (progress.stages[progress.at]?.left.size === 0) {
      const seen = progress.stages.slice(0, progress.at + 1).reduce((all, { counts }) => sum(all, counts), NOTHING);
      const later = progress.stages.slice(progress.at + 1);
      progress.at += 1;
      if (!isKnown(seen, this.#rule)) continue;
      progress.at = progress.stages.length;
      return later.flatMap(({ left }) => [...left]);
    }
    return [];
  }

  #progress(place: number): Progress {
    const key = this.#keys[place] ?? '';
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const stages = this.#rule.looks.map((): Stage => ({ left: new Set(), counts: NOTHING }));
    const progress: Progress = { stages, at: 0 };
    this.#cells.set(key, progress);
    return progress;
  }
}

function countOf({ outcome, measures }: Pick<SealedGlance, 'outcome' | 'measures'>): CellCounts {
  if (outcome.status === 'unsupported') return { ...NOTHING, unsupported: 1 };
  const verdict = outcome.status === 'completed' ? measures?.verdict : undefined;
  if (verdict === 'leak') return { ...NOTHING, leaks: 1 };
  return verdict === 'no-leak' ? { ...NOTHING, noLeaks: 1 } : { ...NOTHING, inconclusive: 1 };
}

function sum(a: CellCounts, b: CellCounts): CellCounts {
  return {
    leaks: a.leaks + b.leaks,
    noLeaks: a.noLeaks + b.noLeaks,
    unsupported: a.unsupported + b.unsupported,
    inconclusive: a.inconclusive + b.inconclusive,
  };
}
