/**
 * An application that kills the torrent client when it sees the tunnel down: it notices late, then acts. A real process
 * on the client's host, with its own polling loop or its own subscription to netlink events.
 *
 * Reproduces: VPNWatcher (github.com/halfmonty/VPNWatcher), VPNWatcher-Source/MainWindow.xaml.cs: a timer of 2 s whose
 * tick looks at the chosen interface (InterfaceHandler.cs, isNetworkConnected: operational and with addresses) and, when
 * it was there and is not, ends the listed programs. The same scheme with other periods: binhex's containers (loops of
 * 30 s), scripts run by cron (5 min). Simplified: the programs are known by process id instead of by name, and ended by
 * SIGKILL; a program started again is not looked for. `stall` is what applications have that watch traffic as well.
 */
import * as z from 'zod';
import type { KillSwitch } from '../contracts/kill-switch.ts';
import { seconds } from '../contracts/reference.ts';
import { engaged } from './engaged.ts';
import { Service } from './daemon.ts';
import type { Notice } from './daemon-protocol.ts';

/** How an application notices; VPNWatcher's timer of 2 s unless told otherwise. */
export const noticing = z
  .strictObject({
    /** Time between two looks. */
    poll: seconds.optional(),
    notice: z.literal('netlink', { error: 'must be netlink' }).optional(),
    /** Time after which the tunnel also counts as lost when nothing comes out of it although something goes in. */
    stall: seconds.optional(),
  })
  .refine(
    (given) => given.notice === undefined || (given.poll === undefined && given.stall === undefined),
    'notice=netlink goes with neither poll nor stall',
  );
export type Noticing = z.infer<typeof noticing>;

const DEFAULT_POLL_SECONDS = 2;

export function noticeOf({ poll, notice, stall }: Noticing): Notice {
  return { by: notice ?? poll ?? DEFAULT_POLL_SECONDS, ...(stall === undefined ? {} : { stallSeconds: stall }) };
}

export const appKill: KillSwitch<Noticing> = {
  id: 'app-kill',
  title: 'application that kills the client',
  family: 'app',
  reproduces: 'VPNWatcher, VPNWatcher-Source/MainWindow.xaml.cs, dispatcherTimer_Tick; programs known by process id',
  claims: { v4: true, v6: true, dns: false, lan: false, boot: false, reconnect: true },
  needs: [],
  parameters: noticing,
  async engage(context, parameters) {
    const service = await Service.start(context, {
      notice: noticeOf(parameters),
      restartSeconds: null,
      afterCrash: [],
    });
    return engaged(context, {
      tunnelUp: () => service.seeTunnel(),
      clientStarted: (client) => service.react({ kill: [...client.pids] }),
      instants: () => Promise.resolve(service.instants),
      pids: () => service.pids,
      restart: () => service.restart(),
      disengage: () => service.end(),
    });
  },
};
