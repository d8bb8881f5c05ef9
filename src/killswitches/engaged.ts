/** An engaged switch from the few things that set it apart: what is not said is the case of a switch that does nothing. */
import type { EngagedSwitch, SwitchContext } from '../contracts/kill-switch.ts';

type Parts = Partial<Omit<EngagedSwitch, typeof Symbol.asyncDispose>> & { readonly disengage?: () => Promise<void> };

export function engaged(context: SwitchContext, { disengage, ...parts }: Parts): EngagedSwitch {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    binding: 'none',
    clientHost: context.host,
    tunnelUp: nothing,
    clientStarted: nothing,
    instants: () => Promise.resolve([]),
    process: null,
    update: null,
    ...parts,
    [Symbol.asyncDispose]: disengage ?? nothing,
  };
}
