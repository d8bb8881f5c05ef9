/**
 * The tunnel's device is deleted: `ip link del wg0`. A userspace daemon finds its device gone and ends.
 *
 * The kernel deletes a device by closing its link first, which takes its routes, and then waits, for milliseconds, until
 * nobody refers to it any more. The bracket is that of the closing.
 */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { daemonEnded, tunnelHost } from './places.ts';
import { defineFault } from './define.ts';

export const linkDeleted = defineFault({
  id: 'link-deleted',
  title: 'the tunnel device is deleted',
  group: 'tunnel',
  happens: 'a network manager that removes the connection, an update of the VPN application, `wg-quick down` cut short',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const host = tunnelHost(lab);
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: async () => [await linkDownAct(host, lab.tunnel.device)],
      afterwards: [{ act: 'command', program: 'ip', lines: [`link del dev ${lab.tunnel.device}`] }],
      revert: () =>
        lab.clock.bracket(async () => {
          await daemonEnded(lab.tunnel);
          await lab.tunnel.restore();
        }),
    });
  },
});
