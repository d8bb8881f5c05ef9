/**
 * Kill switches that are rules: what each does at its start, when the tunnel is up, when it loses it and when it is
 * stopped is data; this carries it out in that order, from a process of its own where the implementation has a daemon.
 *
 * The tunnel itself is wg-quick's for all of them, with its routes and its mark; names of devices, marks and addresses in
 * the rules are the lab's. An application's own tunnel, account, server list and split tunnelling are left out.
 */
import * as z from 'zod';
import type { Host } from '../contracts/host.ts';
import type {
  EngagedSwitch,
  KillSwitch,
  SwitchContext,
  SwitchDefinition,
  SwitchFacts,
} from '../contracts/kill-switch.ts';
import type { Given } from '../contracts/reference.ts';
import { defineKillSwitch } from './define.ts';
import { engaged } from './engaged.ts';
import { Service } from './daemon.ts';
import type { Notice } from './daemon-protocol.ts';
import { nftTables, removeEmptyTables, runSteps, type Step } from './steps.ts';

/** What an implementation finds out about the host when it starts. */
export interface Surroundings {
  /** The tunnel's device, its mark, its addresses, the server's and the resolver's. */
  readonly device: string;
  readonly mark: number;
  readonly tunnel4: string;
  readonly tunnel6: string;
  readonly server: string;
  readonly port: number;
  readonly dns: string;
  /** The device of the default route, its gateway, its addresses and networks, as `ip` gives them. */
  readonly nic: string;
  readonly gateway4: string;
  readonly address4: string;
  readonly network4: string;
  readonly address6: string | null;
  readonly network6: string | null;
  /** A folder of the host's own. */
  readonly folder: string;
}

interface FirewallSteps {
  /** Steps at the service's start, before any tunnel. */
  readonly start: readonly Step[];
  /** Steps when the tunnel is up. */
  readonly connected: readonly Step[];
  /** Steps when the daemon sees the tunnel lost, and when it sees it again. */
  readonly lost?: readonly Step[];
  readonly returned?: readonly Step[];
  /** Steps of a clean stop. */
  readonly stop: readonly Step[];
  /** What the next start does with what a crash has left behind. */
  readonly afterCrash?: readonly Step[];
}

export interface FirewallModel<P> extends Omit<SwitchDefinition<P>, 'family' | 'engage'> {
  readonly family?: SwitchFacts['family'];
  /**
   * Daemon of the firewall: how it watches the tunnel, and when its service manager starts it again; null where it is
   * rules alone.
   */
  readonly daemon: { readonly notice: Notice; readonly restartSeconds: number | null } | null;
  steps(around: Surroundings, parameters: P): FirewallSteps;
}

/** A kill switch from its model. */
export function firewall<P extends Given>(model: FirewallModel<P>): KillSwitch {
  const { daemon } = model;
  return defineKillSwitch({
    ...model,
    family: model.family ?? 'firewall',
    async engage(context, parameters) {
      const before = await nftTables(context.host);
      const rules = model.steps(await surroundings(context), parameters);
      if (daemon === null) return engageRules(context, rules, before);
      const service = await Service.start(context, { ...daemon, afterCrash: rules.afterCrash ?? [] });
      await service.run(rules.start);
      return engaged(context, {
        async tunnelUp() {
          await service.run(rules.connected);
          await service.react({ onLoss: [...(rules.lost ?? [])], onReturn: [...(rules.returned ?? [])] });
          await service.seeTunnel();
        },
        instants: () => Promise.resolve(service.instants),
        process: service,
        update: () => service.run([...rules.stop, ...rules.start, ...rules.connected]),
        async disengage() {
          await service.end();
          await runSteps(context.host, rules.stop.map(forgiving));
          await removeEmptyTables(context.host, before);
        },
      });
    },
  });
}

async function engageRules(
  context: SwitchContext,
  rules: FirewallSteps,
  before: readonly string[],
): Promise<EngagedSwitch> {
  await runSteps(context.host, rules.start);
  return engaged(context, {
    tunnelUp: () => runSteps(context.host, rules.connected),
    async disengage() {
      await runSteps(context.host, rules.stop.map(forgiving));
      await removeEmptyTables(context.host, before);
    },
  });
}

/** Lets a step fail: at the end some rules may be gone already, when a fault has flushed them or a hook has removed them. */
const forgiving = (step: Step): Step => ({ ...step, mayFail: true });

const routesSchema = z.array(z.looseObject({ dev: z.string(), gateway: z.string() })).min(1);
const addressesSchema = z.array(
  z.looseObject({
    addr_info: z.array(
      z.looseObject({ family: z.string(), local: z.string(), prefixlen: z.number(), scope: z.string() }),
    ),
  }),
);

/** The default route and its device, as most implementations look them up with `ip route` when they start. */
export async function surroundings({ host, tunnel, identity }: SwitchContext): Promise<Surroundings> {
  const [route] = routesSchema.parse(await ipJson(host, ['-4', 'route', 'show', 'default']));
  if (route === undefined) throw new Error('the client has no default route');
  const [link] = addressesSchema.parse(await ipJson(host, ['address', 'show', 'dev', route.dev]));
  const own = (family: string): { local: string; prefixlen: number } | undefined =>
    link?.addr_info.find((each) => each.family === family && each.scope === 'global');
  const [four, six] = [own('inet'), own('inet6')];
  if (four === undefined) throw new Error(`the client's ${route.dev} has no IPv4 address`);
  const { endpoint } = tunnel.config;
  return {
    device: tunnel.device,
    mark: tunnel.fwmark,
    tunnel4: tunnel.config.address4,
    tunnel6: identity.tunnel6 ?? tunnel.config.address6,
    server: endpoint.address,
    port: endpoint.port,
    dns: tunnel.config.dns,
    nic: route.dev,
    gateway4: route.gateway,
    address4: four.local,
    network4: `${four.local}/${four.prefixlen}`,
    address6: six?.local ?? null,
    folder: host.folder,
    network6: six === undefined ? null : `${six.local}/${six.prefixlen}`,
  };
}

async function ipJson(host: Host, args: readonly string[]): Promise<unknown> {
  return JSON.parse((await host.run(['ip', '-json', ...args])).stdout);
}
