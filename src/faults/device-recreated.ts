/**
 * The tunnel's device is deleted and made again under the same name, without address or route: what a VPN application
 * does between two connections. Rules that know the tunnel by name go on meaning the new device; rules that know it by
 * index do not. The bracket is that of the old link's closing, with which a deletion begins (see link-deleted).
 */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { daemonEnded, tunnelHost } from './places.ts';
import { defineFault } from './define.ts';

export const deviceRecreated = defineFault({
  id: 'device-recreated',
  title: 'the tunnel device is deleted and made again',
  group: 'tunnel',
  happens: 'a VPN application that starts a new connection, a daemon that is restarted by its service manager',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const host = tunnelHost(lab);
    const { device } = lab.tunnel;
    const kernel = lab.describe().tunnel === 'kernel' && lab.tunnel.defaultRoutes === undefined;
    const make = kernel ? `link add dev ${device} type wireguard` : `tuntap add dev ${device} mode tun`;
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: async () => [await linkDownAct(host, lab.tunnel.device)],
      afterwards: [
        { act: 'command', program: 'ip', lines: [`link del dev ${device}`, make, `link set dev ${device} up`] },
      ],
      revert: () =>
        lab.clock.bracket(async () => {
          await daemonEnded(lab.tunnel);
          await host.run(['ip', 'link', 'del', 'dev', device]);
          await lab.tunnel.restore();
        }),
    });
  },
});
