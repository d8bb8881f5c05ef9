/** What `--plan-for` says: how many trials it takes to bound the leak probability of a cell that does not leak. */
import { trialsForUpperBound } from '../../analysis/statistics/planning.ts';
import { describeSeconds } from '../../contracts/durations.ts';
import type { Plan } from './plan.ts';
import { trialSeconds } from '../trial/spec.ts';

/** How many trials of each cell an upper bound of `bound` takes, and what that comes to, in sentences. */
export function plannedFor(plan: Plan, bound: number, jobs: number): string {
  const [first] = plan.trials;
  const trials = trialsForUpperBound(bound);
  const all = trials * plan.cells.length;
  const seconds = first === undefined ? 0 : (all * trialSeconds(first)) / Math.min(jobs, all);
  return (
    `An upper bound of ${Number((100 * bound).toPrecision(3))} % (exact, one-sided 95 %) takes ${trials} judged trials of ` +
    `a cell, none of which leaks.\n${plan.cells.length} cells x ${trials} trials, ${jobs} at a time: ${all} trials, about ` +
    `${describeSeconds(seconds)}. To run them add --trials ${trials}.`
  );
}
