/** The physical link goes down and comes back after a while, with its addresses and routes: a cable, a radio, a switch. */
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { seconds } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { ipBatch, linkRestoration, uplinkOf } from './places.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({
  /** Time for which the link is down. */
  down: seconds.default(2),
});

export const uplinkFlap = defineFault({
  id: 'uplink-flap',
  title: 'the physical link goes down and comes back',
  group: 'routing',
  happens: 'a cable pulled, a Wi-Fi that reconnects, a router that restarts',
  needs: [],
  parameters,
  async arm(lab, { down }) {
    const { client } = lab.hosts;
    const { device } = await uplinkOf(client);
    const lines = await linkRestoration(client, device);
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: async () => [await linkDownAct(client, device)],
      async follow(signal) {
        await setTimeout(down * 1000, undefined, { signal });
        await ipBatch(client, lines);
      },
      revert: () => lab.clock.bracket(() => ipBatch(client, lines)),
    });
  },
});
