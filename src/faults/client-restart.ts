/**
 * The client is ended, as its user would, and started again with the state it has saved: inside a new tunnel, or in the
 * clear, the tunnel's link being down and the kill switch, if any, still in place. In the clear a client may come to peers
 * and nodes it learnt inside the tunnel.
 *
 * The bracket is that of the whole: a client takes seconds to say good-bye. The tunnel's link goes only once it has.
 */
import * as z from 'zod';
import { defineFault } from './define.ts';

const parameters = z.strictObject({
  /** Network in which the client starts again. */
  into: z.enum(['tunnel', 'clear']),
});

export const clientRestart = defineFault({
  id: 'client-restart',
  title: 'the client is started again',
  group: 'lifecycle',
  happens: 'a reboot, an update of the client, a user who closes it, loses the tunnel and opens it again',
  needs: [],
  parameters,
  arm(lab, { into }, subjects) {
    const { tunnel, clock } = lab;
    const { client } = lab.hosts;
    return Promise.resolve({
      inject: () =>
        clock.bracket(async () => {
          await subjects.stopClient();
          if (into === 'clear') await client.run(['ip', 'link', 'set', tunnel.device, 'down']);
          else {
            await tunnel.down();
            await tunnel.up();
            await subjects.engaged.tunnelUp();
          }
          await subjects.start('client');
        }),
      revert: () => tunnel.restore(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
});
