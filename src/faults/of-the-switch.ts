/** What of a kill switch a fault can happen to; where it has no such thing, the trial is unsupported. */
import type { EngagedSwitch, SwitchProcess } from '../contracts/kill-switch.ts';
import { Unsupported } from '../contracts/errors.ts';

/** The switch's process. Throws `Unsupported` where it is rules alone. */
export function processOf({ process }: EngagedSwitch): SwitchProcess {
  if (process === null) throw new Unsupported('this kill switch has no process');
  return process;
}

/** The switch's update in place. Throws `Unsupported` where it has none. */
export function updateOf({ update }: EngagedSwitch): NonNullable<EngagedSwitch['update']> {
  if (update === null) throw new Unsupported('this kill switch is not updated in place');
  return update;
}
