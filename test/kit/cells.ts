/** Cells for tests, by their names; also of kill switches that no catalogue has. */
import { parseReferences } from '../../src/contracts/reference.ts';
import { cellOf } from '../../src/harness/trial/cell.ts';
import { killSwitches } from '../../src/killswitches/index.ts';
import type { Cell, CellNames } from '../../src/records/identity.ts';

/** The cell of those names; what is left out is Transmission without a kill switch, whose link goes down. */
export function testCell({
  client = 'transmission',
  killSwitch = 'none',
  fault = 'link-down',
  moment = '2s',
}: Partial<CellNames> = {}): Cell {
  const members = parseReferences(killSwitch);
  const known = members.every(({ id }) => killSwitches.some((each) => each.id === id));
  const cell = cellOf({ client, killSwitch: known ? killSwitch : 'none', fault, moment });
  return known ? cell : { ...cell, killSwitch, parsed: { ...cell.parsed, killSwitch: [...members] } };
}
