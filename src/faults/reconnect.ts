/**
 * The VPN application reconnects to another server: the link goes down, and after a while the tunnel is back with another
 * server as its peer (for the first milliseconds still with the first). Whether the kill switch lets the new server
 * through is its own affair: see endpoint-change.
 */
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { SECOND_SERVER } from '../contracts/addresses.ts';
import { seconds } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { openSecondServer } from './second-server.ts';
import { setWireGuard } from './wireguard-settings.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({
  /** Time the application takes to reconnect. */
  gap: seconds.default(1),
});

export const reconnect = defineFault({
  id: 'reconnect',
  title: 'reconnection to another server',
  group: 'lifecycle',
  happens: 'a VPN application that changes servers by itself or because its user does',
  needs: [],
  parameters,
  endpoints: [SECOND_SERVER],
  async arm(lab, { gap }) {
    const { host, device, first, second, close } = await openSecondServer(lab);
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: async () => [await linkDownAct(host, device)],
      async follow(signal) {
        await setTimeout(gap * 1000, undefined, { signal });
        await lab.tunnel.restore();
        await setWireGuard(host, device, second);
      },
      revert: () =>
        lab.clock.bracket(async () => {
          await lab.tunnel.restore();
          await setWireGuard(host, device, first);
        }),
      disarm: close,
    });
  },
});
