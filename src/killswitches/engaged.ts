/** An engaged switch from the few things that set it apart: everything not said is the case of a switch that does nothing. */
import type { EngagedSwitch, SwitchContext } from '../harness/contracts.ts';

type Disposal = () => Promise<void>;

export function engaged(
  context: SwitchContext,
  parts: Partial<Omit<EngagedSwitch, typeof Symbol.asyncDispose>> & { readonly disengage?: Disposal },
): EngagedSwitch {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    binding: parts.binding ?? 'none',
    clientHost: parts.clientHost ?? context.host,
    tunnelUp: parts.tunnelUp ?? nothing,
    clientStarted: parts.clientStarted ?? nothing,
    instants: parts.instants ?? (() => Promise.resolve([])),
    [Symbol.asyncDispose]: parts.disengage ?? nothing,
  };
}
