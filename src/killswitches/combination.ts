/**
 * Several kill switches at once, as `client-bind+wg-quick-postup`: engaged in the order written, disengaged in reverse.
 * Defence in depth is not a switch of its own; this adds nothing to what the members do.
 */
import type { Bracket } from '../contracts/clock.ts';
import type { EngagedSwitch, KillSwitchFamily, SwitchClaims, SwitchContext } from '../contracts/kill-switch.ts';

/** A kill switch with its parameters, as a scenario names it; or a combination of several. */
export interface PlannedSwitch {
  /** Name of the combination, as the scenario wrote it. */
  readonly id: string;
  readonly title: string;
  readonly family: KillSwitchFamily;
  readonly reproduces: string;
  readonly claims: SwitchClaims;
  readonly needs: readonly { readonly command: string; readonly package: string }[];
  engage(context: SwitchContext): Promise<EngagedSwitch>;
}

export function combine(id: string, members: readonly PlannedSwitch[]): PlannedSwitch {
  const claim = (which: keyof SwitchClaims): boolean => members.some((member) => member.claims[which]);
  return {
    id,
    title: members.map((member) => member.title).join(' + '),
    family: 'combined',
    reproduces: members.map((member) => member.reproduces).join(' + '),
    claims: {
      v4: claim('v4'),
      v6: claim('v6'),
      dns: claim('dns'),
      lan: claim('lan'),
      boot: claim('boot'),
      reconnect: claim('reconnect'),
    },
    needs: members.flatMap((member) => member.needs),
    engage: (context) => engageAll(members, context),
  };
}

async function engageAll(members: readonly PlannedSwitch[], context: SwitchContext): Promise<EngagedSwitch> {
  const engaged: EngagedSwitch[] = [];
  const disengage = async (): Promise<void> => {
    for (const each of engaged.splice(0).reverse()) await each[Symbol.asyncDispose]();
  };
  let { host, tunnel } = context;
  try {
    for (const member of members) {
      // A member that gives the client another host (a namespace) or tunnel gives it to the members after it too.
      const next = await member.engage({ ...context, host, tunnel });
      engaged.push(next);
      host = next.clientHost;
      tunnel = next.tunnel ?? tunnel;
    }
  } catch (error) {
    await disengage();
    throw error;
  }
  const inOrder = [...engaged];
  return {
    binding: inOrder.find((each) => each.binding !== 'none')?.binding ?? 'none',
    clientHost: host,
    tunnel,
    async tunnelUp() {
      for (const each of inOrder) await each.tunnelUp();
    },
    async clientStarted(client) {
      for (const each of inOrder) await each.clientStarted(client);
    },
    async instants() {
      return (await Promise.all(inOrder.map((each) => each.instants()))).flat().sort((a, b) => a.atNs - b.atNs);
    },
    pids: () => inOrder.flatMap((each) => each.pids?.() ?? []),
    async restart() {
      for (const each of inOrder) await each.restart?.();
    },
    ...(inOrder.some((each) => each.update !== undefined) ? { update: () => updateAll(context, inOrder) } : {}),
    [Symbol.asyncDispose]: disengage,
  };
}

/**
 * Replaces those members that can be replaced in place, one after the other; the bracket is from the first to the last.
 */
function updateAll({ clock }: SwitchContext, members: readonly EngagedSwitch[]): Promise<Bracket> {
  return clock.bracket(async () => {
    for (const each of members) await each.update?.();
  });
}
