/** Entry of a fault in the catalogue, which needs no type parameter, from what the fault's file writes down. */
import type { Fault, FaultDefinition } from '../contracts/fault.ts';
import { parseParameters, type Given } from '../contracts/reference.ts';

export function defineFault<P extends Given>(definition: FaultDefinition<P>): Fault {
  return {
    ...definition,
    plan(given) {
      const { parameters, parsed } = parseParameters('fault', definition, given);
      return { ...definition, parsed, arm: (lab, subjects) => definition.arm(lab, parameters, subjects) };
    },
  };
}
