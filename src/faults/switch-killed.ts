/**
 * The kill switch's own process dies (SIGKILL). What it has put up stays or goes as with the implementation; whether its
 * service manager starts it again, and after how long, is the implementation's too. Reverting starts it if nobody has.
 */
import * as z from 'zod';
import type { Fault } from '../contracts/fault.ts';
import { Unsupported } from '../contracts/errors.ts';
import { armInjector } from './arm.ts';
import { fallAfter, then } from './then-fall.ts';

const parameters = z.strictObject({ then });

export const switchKilled: Fault<z.infer<typeof parameters>> = {
  id: 'switch-killed',
  title: 'the kill switch’s process is killed',
  group: 'filter',
  happens: 'a crash of the VPN application’s daemon, the out-of-memory killer, a package update',
  needs: [],
  parameters,
  arm(lab, { then: delay }, subjects) {
    const engaged = subjects?.engaged;
    if (engaged?.pids === undefined) throw new Unsupported('this kill switch has no process');
    const { follow, undo } = fallAfter(lab, delay);
    return armInjector({
      fault: this.id,
      host: lab.hosts.client,
      clock: lab.clock,
      acts: () => {
        const pids = [...(engaged.pids?.() ?? [])];
        if (pids.length === 0) throw new Unsupported('this kill switch has no process');
        return [{ act: 'signal', pids, signal: 'SIGKILL' }];
      },
      follow,
      revert: () =>
        lab.clock.bracket(async () => {
          await undo();
          await engaged.restart?.();
        }),
    });
  },
};
