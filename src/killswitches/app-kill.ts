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
import { seconds } from '../contracts/reference.ts';
import { engaged } from './engaged.ts';
import { Service } from './daemon.ts';
import type { Notice } from './daemon-protocol.ts';
import { defineKillSwitch } from './define.ts';

/** VPNWatcher's timer. */
const DEFAULT_POLL_SECONDS = 2;

/** How an application notices: by looking every `poll`, VPNWatcher's unless told otherwise, or by netlink events. */
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
  )
  .transform(({ notice, poll = DEFAULT_POLL_SECONDS, stall }) =>
    notice === undefined ? { poll, ...(stall === undefined ? {} : { stall }) } : { notice },
  );

export function noticeOf(given: z.infer<typeof noticing>): Notice {
  if ('notice' in given) return { by: given.notice };
  return { by: given.poll, ...(given.stall === undefined ? {} : { stallSeconds: given.stall }) };
}

export const appKill = defineKillSwitch({
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
      process: service,
      disengage: () => service.end(),
    });
  },
});
