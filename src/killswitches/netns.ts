/**
 * Isolation by network namespace: the client lives where the tunnel is the only interface there is. The WireGuard device
 * is made in the birth namespace and moved; its UDP socket stays behind and goes on using the physical network.
 *
 * Reproduces: wireguard.com/netns, «Routing & Network Namespace Integration», the container case (the first of its two):
 * `ip link set wg0 netns container`, addresses and default route inside. Simplified: wg-quick makes the device in the
 * birth namespace and configures it there before it is moved, so its rules of routing stay there, with nothing to lead to.
 * The original moves it first. For the time between, what peers send to a tunnel that comes up again reaches the birth
 * namespace, which answers by ICMP from the inner address: clear packets under `tunnel-restarted` that the original does
 * not have.
 */
import type { Host, KillSwitch, RunningProcess, SwitchContext, Tunnel } from '../harness/contracts.ts';
import { Unsupported } from '../harness/errors.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { engaged } from './engaged.ts';
import { insideHost } from './inside.ts';
import { command, runSteps, type Step } from './steps.ts';

export const netns: KillSwitch<NoParameters> = {
  id: 'netns',
  title: 'network namespace with the tunnel alone',
  family: 'namespace',
  reproduces: 'wireguard.com/netns, the container case; the device made by wg-quick, then moved',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: true, reconnect: true },
  needs: [],
  parameters: noParameters,
  async engage(context) {
    const { host } = context;
    // Two processes hold the two namespaces, so that ip(8) can be told where to move the device.
    const allowed = await host.run(['unshare', '--net', '--mount', 'true'], { anyStatus: true });
    if (allowed.status.code !== 0) {
      throw new Unsupported(
        'this host may not make namespaces (CAP_SYS_ADMIN): run it in the embedded lab, --lab netns.',
      );
    }
    const birth = await held(await host.spawn(['cat']));
    const holder = await held(await host.spawn(['unshare', '--net', '--mount', '--propagation=private', 'cat']));
    const namespaces = `/proc/${holder.pid}/ns`;
    const inside = await insideHost(host, ['nsenter', `--net=${namespaces}/net`, `--mount=${namespaces}/mnt`, '--']);
    await runSteps(inside, [command('mount -t sysfs sysfs /sys'), command('ip link set lo up')]);
    return engaged(context, {
      clientHost: inside,
      tunnel: movedTunnel(context, inside, birth.pid, holder.pid),
      async disengage() {
        for (const process of [holder, birth]) {
          process.signal('SIGKILL');
          await process.exited;
        }
      },
    });
  },
};

/** Resolves when the process has become `cat`, which answers. */
async function held(process: RunningProcess): Promise<RunningProcess> {
  const answered = new Promise<void>((resolve) => process.stdout.once('data', () => resolve()));
  process.stdin.write('\n');
  await answered;
  return process;
}

function movedTunnel(context: SwitchContext, inside: Host, birthPid: number, insidePid: number): Tunnel {
  const { tunnel, host, clock } = context;
  const { device, config } = tunnel;
  const configure: readonly Step[] = [
    command(`ip address replace ${config.address4}/32 dev ${device}`),
    command(`ip address replace ${config.address6}/128 dev ${device} nodad`),
    command(`ip link set ${device} up`),
    command(`ip route replace default dev ${device}`),
    command(`ip -6 route replace default dev ${device}`),
  ];
  const moveIn = async (): Promise<void> => {
    await host.run(['ip', 'link', 'set', device, 'netns', String(insidePid)]);
    await runSteps(inside, configure);
  };
  const isInside = async (): Promise<boolean> =>
    (await inside.run(['ip', 'link', 'show', 'dev', device], { anyStatus: true })).status.code === 0;
  return {
    device,
    fwmark: tunnel.fwmark,
    config,
    host: inside,
    defaultRoutes: [`0.0.0.0/0 dev ${device}`, `::/0 dev ${device}`],
    addHook: (line) => tunnel.addHook(line),
    daemonPids: () => tunnel.daemonPids(),
    async up() {
      const span = await tunnel.up();
      await moveIn();
      return span;
    },
    async down() {
      if (await isInside()) await inside.run(['ip', 'link', 'set', device, 'netns', String(birthPid)]);
      return tunnel.down();
    },
    restore: () =>
      clock.bracket(async () => {
        if (await isInside()) return runSteps(inside, configure);
        await tunnel.restore();
        await moveIn();
      }),
  };
}
