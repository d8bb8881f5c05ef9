/** Kill switch and fault of a cell: from its names when it is planned, and from what they were parsed to when it is run. */
import { faultByReference, plannedFault } from '../../faults/index.ts';
import { killSwitchByReference, plannedSwitch } from '../../killswitches/index.ts';
import type { PlannedFault } from '../../contracts/fault.ts';
import type { PlannedSwitch } from '../../contracts/kill-switch.ts';
import { CONTROL, PLACEBO, type Cell, type CellNames } from '../../records/identity.ts';

/** The cell of those names. Throws `RequestError` that says what is allowed. */
export function cellOf(names: CellNames): Cell {
  const { parsed: killSwitch } = killSwitchByReference(names.killSwitch);
  const { parsed: fault } = faultByReference(names.fault);
  // However they are written: whoever reads the results knows control and placebo by their names.
  const plain = {
    ...(killSwitch.length === 1 && killSwitch[0]?.id === CONTROL && { killSwitch: CONTROL }),
    ...(fault.id === PLACEBO && { fault: PLACEBO }),
  };
  return { ...names, ...plain, parsed: { killSwitch: [...killSwitch], fault } };
}

export function switchOf({ parsed }: Cell): PlannedSwitch {
  return plannedSwitch(parsed.killSwitch);
}

export function faultOf({ parsed }: Cell): PlannedFault {
  return plannedFault(parsed.fault);
}
