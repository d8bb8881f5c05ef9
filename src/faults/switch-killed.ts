/**
 * The kill switch's own process dies (SIGKILL). What it has put up stays or goes as with the implementation; whether its
 * service manager starts it again, and after how long, is the implementation's too. Reverting starts it if nobody has.
 */
import type { Fault } from '../harness/contracts.ts';
import { Unsupported } from '../harness/errors.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { armInjector } from './arm.ts';

export const switchKilled: Fault<NoParameters> = {
  id: 'switch-killed',
  title: 'the kill switch’s process is killed',
  group: 'filter',
  happens: 'a crash of the VPN application’s daemon, the out-of-memory killer, a package update',
  needs: [],
  parameters: noParameters,
  arm(lab, _parameters, subjects) {
    const engaged = subjects?.engaged;
    if (engaged?.pids === undefined) throw new Unsupported('this kill switch has no process');
    return armInjector({
      fault: this.id,
      host: lab.hosts.client,
      clock: lab.clock,
      acts: () => {
        const pids = [...(engaged.pids?.() ?? [])];
        if (pids.length === 0) throw new Unsupported('this kill switch has no process');
        return [{ act: 'signal', pids, signal: 'SIGKILL' }];
      },
      revert: () => lab.clock.bracket(async () => engaged.restart?.()),
    });
  },
};
