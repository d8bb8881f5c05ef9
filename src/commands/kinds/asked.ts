/** What the command line asked for, and what it came to: all that a kind of scenario needs to run. */
import type { Pace } from '../../harness/campaign/pace.ts';
import { sequentialRule, type Plan } from '../../harness/campaign/plan.ts';
import type { ScenarioOptions } from '../scenario-options.ts';
import type { Run } from '../scenario-run.ts';

export interface Asked {
  readonly options: ScenarioOptions;
  readonly run: Run;
  readonly plan: Plan;
  readonly pace: Pace;
  /** Tells the person in front of the terminal how things stand. */
  readonly say: (line: string) => void;
}

/** Runs a scenario of one kind; gives the exit code. */
export type Kind = (asked: Asked) => Promise<number>;

/** How large it is, in words. */
export function scaleOf({ run, plan, pace }: Asked): string {
  const most = sequentialRule(run.scenario) ? 'at most ' : '';
  return `${plan.cells.length} cells x ${most}${run.scenario.trials} trials, ${pace.jobs} at a time`;
}
