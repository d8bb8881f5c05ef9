/**
 * The machine starts and its programs race: client, tunnel and kill switch are stopped in good order, and then started
 * again with the client first and the tunnel, the kill switch or both some time after it. The client has the state it
 * had saved, and is bound as it was.
 *
 * The bracket is that of the client's start, from which the delays are counted; stopping comes before it.
 */
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import type { ArmedFault, Starter } from '../contracts/fault.ts';
import { seconds } from '../contracts/reference.ts';
import { defineFault } from './define.ts';

const parameters = z
  .strictObject({
    /** How long after the client each is started; what is not named is there before it. */
    tunnel: seconds.optional(),
    switch: seconds.optional(),
  })
  .refine(
    (late) => late.tunnel !== undefined || late.switch !== undefined,
    'give tunnel, switch or both: how long after the client each is started',
  );

export const coldStart = defineFault({
  id: 'cold-start',
  title: 'the client starts before what protects it',
  group: 'lifecycle',
  happens: 'a boot at which services start in any order, a client in the session’s autostart, a firewall loaded late',
  needs: [],
  parameters,
  arm({ clock }, late, subjects) {
    let coming: Promise<unknown> = Promise.resolve();
    const startLate = async (what: Exclude<Starter, 'client'>): Promise<void> => {
      const delay = late[what];
      if (delay === undefined) return;
      await setTimeout(delay * 1000);
      await subjects.start(what);
    };
    const armed: ArmedFault = {
      async inject() {
        await subjects.shutDown();
        if (late.switch === undefined) await subjects.start('switch');
        if (late.tunnel === undefined) await subjects.start('tunnel');
        coming = Promise.all([startLate('switch'), startLate('tunnel')]);
        // What goes wrong with them is told when they are waited for.
        coming.catch(() => undefined);
        return clock.bracket(() => subjects.start('client'));
      },
      revert: () =>
        clock.bracket(async () => {
          await coming;
        }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    return Promise.resolve(armed);
  },
});
