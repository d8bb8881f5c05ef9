/**
 * An application that kills the torrent client when it sees the tunnel down: it notices late, then acts. A real process
 * on the client's host, with its own polling loop or its own subscription to netlink events.
 *
 * Reproduces: VPNWatcher (github.com/halfmonty/VPNWatcher), VPNWatcher-Source/MainWindow.xaml.cs: a timer of 2 s whose
 * tick looks at the chosen interface (InterfaceHandler.cs, isNetworkConnected: operational and with addresses) and, when
 * it was there and is not, ends the listed programs. The same scheme with other periods: binhex's containers (loops of
 * 30 s), scripts run by cron (5 min). Simplified: the programs are known by process id instead of by name, and ended by
 * SIGKILL alone; a program started again is not looked for.
 */
import { z } from 'zod';
import type { KillSwitch, RunningClient, SwitchContext } from '../harness/contracts.ts';
import { seconds } from '../harness/reference.ts';
import { engaged } from './engaged.ts';
import { Watch } from './watch.ts';

const parameters = z
  .strictObject({
    /** Time between two looks. */
    poll: seconds.optional(),
    notice: z.literal('netlink').optional(),
  })
  .refine((given) => given.poll === undefined || given.notice === undefined, 'give either poll or notice, not both');

/** VPNWatcher's timer interval. */
const DEFAULT_POLL_SECONDS = 2;

export const appKill: KillSwitch<z.infer<typeof parameters>> = {
  id: 'app-kill',
  title: 'application that kills the client',
  family: 'app',
  reproduces: 'VPNWatcher, VPNWatcher-Source/MainWindow.xaml.cs, dispatcherTimer_Tick; programs known by process id',
  claims: { v4: true, v6: true, dns: false, lan: false, boot: false, reconnect: true },
  needs: [],
  parameters,
  async engage(context: SwitchContext, { poll, notice }) {
    const watch = await Watch.start(context, notice ?? poll ?? DEFAULT_POLL_SECONDS);
    return engaged(context, {
      clientStarted: (client: RunningClient) => watch.order({ kill: [...client.pids] }),
      instants: () => Promise.resolve(watch.instants),
      disengage: () => watch.end(),
    });
  },
};
