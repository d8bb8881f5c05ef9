/**
 * Isolation by network namespace: the client lives where the tunnel is the only interface there is. The WireGuard device
 * is made in the birth namespace and moved; its UDP socket stays behind and goes on using the physical network.
 *
 * Reproduces: wireguard.com/netns, «Routing & Network Namespace Integration», the container case (the first of its two),
 * in its order: `ip link add wg0`, `ip link set wg0 netns container`, then inside `wg setconf`, addresses, link up and
 * default route; no wg-quick. The resolver inside is the tunnel's, by a file mounted over /etc/resolv.conf as ip-netns(8)
 * does it. Nothing is simplified.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Host, RunningProcess } from '../contracts/host.ts';
import type { SwitchContext } from '../contracts/kill-switch.ts';
import type { Tunnel } from '../contracts/lab.ts';
import { Unsupported, describeExit } from '../contracts/errors.ts';
import { noParameters } from '../contracts/reference.ts';
import { within } from '../contracts/until.ts';
import { addWireGuardDevice } from '../programs/wireguard.ts';
import { engaged } from './engaged.ts';
import { insideHost } from './inside.ts';
import { command, runSteps } from './steps.ts';
import { defineKillSwitch } from './define.ts';

/** Milliseconds for two programs to replace one another: unshare(1) and cat(1), which takes some on a quiet machine. */
const HOLDER_PATIENCE_MS = 20_000;

export const netns = defineKillSwitch({
  id: 'netns',
  title: 'network namespace with the tunnel alone',
  family: 'namespace',
  reproduces: 'wireguard.com/netns, the container case, and ip-netns(8) for its resolver',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: true, reconnect: true },
  needs: [],
  parameters: noParameters,
  async engage(context) {
    const { host, tunnel } = context;
    const settings = await tunnel.settings?.();
    if (settings === undefined) {
      throw new Unsupported('only a WireGuard device that nobody else makes can be moved: use the lab’s own tunnel.');
    }
    const allowed = await host.run(['unshare', '--net', '--mount', 'true'], { anyStatus: true });
    if (allowed.status.code !== 0) {
      throw new Unsupported(
        'this host may not make namespaces (CAP_SYS_ADMIN): run it in the embedded lab, --lab netns.',
      );
    }
    // Holds the namespace open, so that ip(8) can be told where to move the device.
    const holder = await held(await host.spawn(['unshare', '--net', '--mount', '--propagation=private', 'cat']));
    const namespaces = `/proc/${holder.pid}/ns`;
    const inside = await insideHost(host, ['nsenter', `--net=${namespaces}/net`, `--mount=${namespaces}/mnt`, '--']);
    const resolver = path.join(host.folder, 'inside-resolv.conf');
    await writeFile(resolver, `nameserver ${tunnel.config.dns}\n`);
    await runSteps(inside, [
      command('mount -t sysfs sysfs /sys'),
      command(`mount --bind ${resolver} /etc/resolv.conf`),
      command('ip link set lo up'),
    ]);
    return engaged(context, {
      clientHost: inside,
      tunnel: movedTunnel(context, { inside, insidePid: holder.pid, settings }),
      async disengage() {
        holder.signal('SIGKILL');
        await holder.exited;
      },
    });
  },
});

/** Resolves when the process has become `cat`, which answers. Throws when it ends first, or does not become it. */
async function held(process: RunningProcess): Promise<RunningProcess> {
  const answered = new Promise<void>((resolve, reject) => {
    process.stdout.once('data', () => resolve());
    void process.exited.then((status) =>
      reject(new Error(`the process that holds the namespace ended with ${describeExit(status)}`)),
    );
  });
  process.stdin.write('\n');
  await within(answered, { what: 'the process that holds the namespace to answer', patienceMs: HOLDER_PATIENCE_MS });
  return process;
}

interface Moved {
  readonly inside: Host;
  readonly insidePid: number;
  /** The file for wg(8). */
  readonly settings: string;
}

function movedTunnel(context: SwitchContext, { inside, insidePid, settings }: Moved): Tunnel {
  const { tunnel, host, clock } = context;
  const { device, config } = tunnel;
  const configure = (verb: 'setconf' | 'syncconf'): Promise<void> =>
    runSteps(inside, [
      command(`wg ${verb} ${device} ${settings}`),
      command(`ip address replace ${config.address4}/32 dev ${device}`),
      command(`ip address replace ${config.address6}/128 dev ${device} nodad`),
      command(`ip link set ${device} up`),
      command(`ip route replace default dev ${device}`),
      command(`ip -6 route replace default dev ${device}`),
    ]);
  const make = async (): Promise<void> => {
    await addWireGuardDevice(host, device);
    await host.run(['ip', 'link', 'set', device, 'netns', String(insidePid)]);
    await configure('setconf');
  };
  const isInside = async (): Promise<boolean> =>
    (await inside.run(['wg', 'show', device, 'listen-port'], { anyStatus: true })).status.code === 0;
  return {
    device,
    fwmark: tunnel.fwmark,
    config,
    host: inside,
    defaultRoutes: [`0.0.0.0/0 dev ${device}`, `::/0 dev ${device}`],
    addHook() {
      throw new Unsupported('netns makes its device without wg-quick, whose lines nobody would run.');
    },
    daemonPids: () => tunnel.daemonPids(),
    up: () => clock.bracket(make),
    down: () => clock.bracket(() => runSteps(inside, [command(`ip link del ${device}`)])),
    restore: () => clock.bracket(async () => ((await isInside()) ? configure('syncconf') : make())),
  };
}
