/**
 * Several kill switches at once, as `client-bind+wg-quick-postup`: engaged in the order written, disengaged in reverse.
 * Defence in depth is not a switch of its own; this adds nothing to what the members do.
 */
import type { Bracket } from '../contracts/clock.ts';
import type {
  EngagedSwitch,
  PlannedSwitch,
  SwitchClaims,
  SwitchContext,
  SwitchProcess,
} from '../contracts/kill-switch.ts';

/** The members as one switch; one alone as itself. */
export function combine(members: readonly PlannedSwitch[]): PlannedSwitch {
  const [only] = members;
  if (only !== undefined && members.length === 1) return only;
  const claim = (which: keyof SwitchClaims): boolean => members.some((member) => member.claims[which]);
  return {
    id: members.map((member) => member.id).join('+'),
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
    ...(members.some(({ ownTunnel }) => ownTunnel === true) && { ownTunnel: true }),
    needs: members.flatMap((member) => member.needs),
    parsed: members.flatMap((member) => member.parsed),
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
    process: processOf(inOrder.flatMap((each) => each.process ?? [])),
    update: updateOf(
      context,
      inOrder.flatMap((each) => each.update ?? []),
    ),
    [Symbol.asyncDispose]: disengage,
  };
}

function processOf(processes: readonly SwitchProcess[]): SwitchProcess | null {
  if (processes.length === 0) return null;
  return {
    pids: () => processes.flatMap((each) => each.pids()),
    async restart() {
      for (const each of processes) await each.restart();
    },
  };
}

/** Update of the members that can be replaced in place, in order; the bracket is from the first to the last. */
function updateOf({ clock }: SwitchContext, updates: readonly (() => Promise<Bracket>)[]): EngagedSwitch['update'] {
  if (updates.length === 0) return null;
  return () =>
    clock.bracket(async () => {
      for (const update of updates) await update();
    });
}
