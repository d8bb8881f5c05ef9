/**
 * The tunnel's default routes disappear from wg-quick's table, in both families, while the device stays up: the rule
 * `not fwmark ... lookup` finds nothing there and the main table decides. Two netlink messages of one running ip(8).
 */
import type { Fault } from '../harness/contracts.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { armInjector } from './arm.ts';

export const routeLost: Fault<NoParameters> = {
  id: 'route-lost',
  title: 'the tunnel’s default route is lost',
  group: 'routing',
  happens: 'a network manager or DHCP client that rebuilds the routing tables, `ip route flush table`',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const { device, fwmark } = lab.tunnel;
    // `::/0` rather than `default`: in a batch only the prefix tells ip(8) the family.
    const lines = ['0.0.0.0/0', '::/0'].map((prefix) => `route del ${prefix} dev ${device} table ${fwmark}`);
    return armInjector({
      fault: this.id,
      host: lab.hosts.client,
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'ip', lines }],
      revert: () => lab.tunnel.restore(),
    });
  },
};
