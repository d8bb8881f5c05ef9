/**
 * The tunnel's link goes down and comes back, again and again: half a period down, half a period up. Up means as a VPN
 * application brings it up: with its addresses and routes.
 */
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { seconds } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { tunnelHost } from './places.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({ period: seconds.default(4) });

export const flap = defineFault({
  id: 'flap',
  title: 'the tunnel link flaps',
  group: 'tunnel',
  happens: 'a bad radio link, a VPN application that reconnects over and over, two managers that fight for a device',
  needs: [],
  parameters,
  arm(lab, { period }) {
    const host = tunnelHost(lab);
    const halfMs = (period / 2) * 1000;
    const down = async (): Promise<[Awaited<ReturnType<typeof linkDownAct>>]> => [
      await linkDownAct(host, lab.tunnel.device),
    ];
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: down,
      async follow(signal, injector) {
        for (;;) {
          await setTimeout(halfMs, undefined, { signal });
          await lab.tunnel.restore();
          await injector.prepare(await down());
          await setTimeout(halfMs, undefined, { signal });
          await injector.inject();
        }
      },
      revert: () => lab.tunnel.restore(),
    });
  },
});
