/** Entry of a kill switch in the catalogue, which needs no type parameter, from what the switch's file writes down. */
import type { KillSwitch, SwitchDefinition } from '../contracts/kill-switch.ts';
import { parseParameters, type Given } from '../contracts/reference.ts';

export function defineKillSwitch<P extends Given>(definition: SwitchDefinition<P>): KillSwitch {
  return {
    ...definition,
    plan(given) {
      const { parameters, parsed } = parseParameters('kill switch', definition, given);
      return { ...definition, parsed: [parsed], engage: (context) => definition.engage(context, parameters) };
    },
  };
}
