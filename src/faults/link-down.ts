/**
 * The tunnel's link goes down: `ip link set wg0 down`. The kernel flushes every route over the device, so the rules of
 * routing fall through to the main table; addresses of IPv4 stay, those of IPv6 go.
 */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { tunnelHost } from './places.ts';
import { defineFault } from './define.ts';

export const linkDown = defineFault({
  id: 'link-down',
  title: 'the tunnel link goes down',
  group: 'tunnel',
  happens:
    'a VPN application that crashes or reconnects, a network manager that stops the connection, `ip link set wg0 down`',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const host = tunnelHost(lab);
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: async () => [await linkDownAct(host, lab.tunnel.device)],
      revert: () => lab.tunnel.restore(),
    });
  },
});
