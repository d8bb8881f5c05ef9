/**
 * The tunnel's daemon is killed (SIGKILL, as the kernel's out-of-memory killer does it): its device goes with the last
 * reference to it, and all routes over it. Where the kernel itself holds the device there is no daemon, and the nearest
 * thing is the device being deleted.
 *
 * The bracket is that of the signal. The device goes when the process has ended, some milliseconds later: that is the
 * fault's course, not its injection.
 */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { tunnelHost } from './places.ts';
import { defineFault } from './define.ts';

export const daemonKilled = defineFault({
  id: 'daemon-killed',
  title: 'the tunnel daemon is killed',
  group: 'tunnel',
  happens: 'a crash of the userspace daemon, the out-of-memory killer; with the kernel module, `ip link del wg0`',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    const { tunnel } = lab;
    return armInjector({
      fault: this.id,
      host: tunnelHost(lab),
      clock: lab.clock,
      acts: async () => {
        const pids = [...(await tunnel.daemonPids())];
        if (pids.length > 0) return [{ act: 'signal', pids, signal: 'SIGKILL' }];
        return [{ act: 'command', program: 'ip', lines: [`link del dev ${tunnel.device}`] }];
      },
      revert: () => tunnel.restore(),
    });
  },
});
