/**
 * The tunnel's default routes disappear, in both families, while the device stays up: with wg-quick's routing the rule
 * `not fwmark ... lookup` finds nothing in its table and the main table decides.
 */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { tunnelHost, tunnelRoutes } from './places.ts';
import { defineFault } from './define.ts';

export const routeLost = defineFault({
  id: 'route-lost',
  title: 'the tunnel’s default route is lost',
  group: 'routing',
  happens: 'a network manager or DHCP client that rebuilds the routing tables, `ip route flush table`',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const lines = tunnelRoutes(lab).map((route) => `route del ${route}`);
    return armInjector({
      fault: this.id,
      host: tunnelHost(lab),
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'ip', lines }],
      revert: () => lab.tunnel.restore(),
    });
  },
});
