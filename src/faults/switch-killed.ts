/**
 * The kill switch's own process dies (SIGKILL). What it has put up stays or goes as with the implementation; whether its
 * service manager starts it again, and after how long, is the implementation's too. Reverting starts it if nobody has.
 */
import * as z from 'zod';
import { armInjector } from './arm.ts';
import { processOf } from './of-the-switch.ts';
import { fallAfter, then } from './then-fall.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({ then });

export const switchKilled = defineFault({
  id: 'switch-killed',
  title: 'the kill switch’s process is killed',
  group: 'filter',
  happens: 'a crash of the VPN application’s daemon, the out-of-memory killer, a package update',
  ofTheSwitch: true,
  needs: [],
  parameters,
  arm(lab, { then: delay }, subjects) {
    const process = processOf(subjects.engaged);
    const { follow, undo } = fallAfter(lab, delay);
    return armInjector({
      fault: this.id,
      host: lab.hosts.client,
      clock: lab.clock,
      acts: () => [{ act: 'signal', pids: [...process.pids()], signal: 'SIGKILL' }],
      follow,
      revert: () =>
        lab.clock.bracket(async () => {
          await undo();
          await process.restart();
        }),
    });
  },
});
