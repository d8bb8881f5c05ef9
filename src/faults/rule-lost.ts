/** wg-quick's rule of routing, `not fwmark ... lookup ...`, disappears in both families: the tunnel's table is not asked. */
import { Unsupported } from '../contracts/errors.ts';
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { defineFault } from './define.ts';

export const ruleLost = defineFault({
  id: 'rule-lost',
  title: 'the tunnel’s rule of routing is lost',
  group: 'routing',
  happens: 'systemd-networkd and other managers that remove rules they do not know, `ip rule flush`',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const { client } = lab.hosts;
    const { fwmark, defaultRoutes } = lab.tunnel;
    if (defaultRoutes !== undefined) throw new Unsupported('this tunnel’s routing has no rule of its own');
    const lines = [`rule del not from all fwmark ${fwmark} table ${fwmark}`];
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [
        { act: 'command', program: 'ip', lines },
        { act: 'command', program: 'ip6', lines },
      ],
      revert: () =>
        lab.clock.bracket(async () => {
          // wg-quick adds the two rules in this order, each before the last; one alone would change places.
          for (const family of ['-4', '-6']) {
            await client.run(['ip', family, 'rule', 'del', 'table', 'main', 'suppress_prefixlength', '0']);
          }
          await lab.tunnel.restore();
        }),
    });
  },
});
