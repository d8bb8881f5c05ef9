/** The server's host is cut off: its link goes down, and its last router finds nobody there. */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { ipBatch, linkRestoration } from './places.ts';
import { defineFault } from './define.ts';

const DEVICE = 'eth0';

export const serverGone = defineFault({
  id: 'server-gone',
  title: 'the VPN server’s host is gone',
  group: 'tunnel',
  happens: 'a server that is switched off, a rented machine that ends, a data centre without power',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    const { vpn } = lab.hosts;
    const lines = await linkRestoration(vpn, DEVICE);
    return armInjector({
      fault: this.id,
      host: vpn,
      clock: lab.clock,
      acts: async () => [await linkDownAct(vpn, DEVICE)],
      revert: () => lab.clock.bracket(() => ipBatch(vpn, lines)),
    });
  },
});
