/** The tunnel's daemon stands still (SIGSTOP): device, addresses and routes stay, and nothing comes out at either end. */
import { Unsupported } from '../contracts/errors.ts';
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { tunnelHost } from './places.ts';
import { defineFault } from './define.ts';

export const daemonStopped = defineFault({
  id: 'daemon-stopped',
  title: 'the tunnel daemon stands still',
  group: 'tunnel',
  happens: 'a daemon that hangs, a container that is paused, a machine short of memory',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const host = tunnelHost(lab);
    let pids: readonly number[] = [];
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: async () => {
        pids = await lab.tunnel.daemonPids();
        if (pids.length === 0) throw new Unsupported('the kernel holds the tunnel: there is no daemon to stop');
        return [{ act: 'signal', pids: [...pids], signal: 'SIGSTOP' }];
      },
      revert: () =>
        lab.clock.bracket(async () => {
          await host.run(['kill', '-CONT', ...pids.map(String)]);
        }),
    });
  },
});
