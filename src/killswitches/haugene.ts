/**
 * haugene/docker-transmission-openvpn: no firewall. The client is bound to the tunnel's address, OpenVPN gives up after a
 * minute without an answer (`ping 10`, `ping-exit 60`), its script stops the client before the routes go, and when OpenVPN,
 * the container's main process, has ended, the container ends with everything in it.
 *
 * Reproduces: haugene/docker-transmission-openvpn, openvpn/start.sh (OPENVPN_OPTS of its documentation,
 * `--route-pre-down /etc/openvpn/tunnelDown.sh`, `exec openvpn`) and transmission/stop.sh at 0e196b2e (kill, then up to
 * two seconds of patience). Simplified: the torrent client is the trial's; the container's end is SIGKILL to the client.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { CommandFailed } from '../contracts/errors.ts';
import { engaged } from './engaged.ts';
import { OPENVPN_NEEDS, OpenVpnTunnel } from './openvpn.ts';
import type { Instant } from './daemon.ts';
import { defineKillSwitch } from './define.ts';

const parameters = z.strictObject({ v6: z.enum(['on', 'off']).default('on') });

/** stop.sh: `kill $PID`, then ten times 0.2 s of patience. */
const STOP = `#!/bin/sh
kill $(cat "$(dirname "$0")/client.pids")
for i in 1 2 3 4 5 6 7 8 9 10; do
  kill -0 $(cat "$(dirname "$0")/client.pids") 2>/dev/null || break
  sleep .2
done
exit 0
`;

/** A lab that is closed ends openvpn, in its turn, and the client and the host itself as well: nobody is left to end. */
function ignoreEndOfHost(error: unknown): void {
  if (!(error instanceof CommandFailed)) throw error;
}

export const haugene = defineKillSwitch({
  id: 'haugene',
  title: 'haugene/docker-transmission-openvpn',
  family: 'combined',
  reproduces: 'haugene/docker-transmission-openvpn, openvpn/start.sh and transmission/stop.sh; the real openvpn',
  claims: { v4: true, v6: false, dns: false, lan: false, boot: false, reconnect: true },
  needs: OPENVPN_NEEDS,
  parameters,
  async engage(context, { v6 }) {
    const { host, clock } = context;
    const script = path.join(host.folder, 'stop.sh');
    const pidFile = path.join(host.folder, 'client.pids');
    await writeFile(script, STOP, { mode: 0o755 });
    await writeFile(pidFile, '');
    const instants: Instant[] = [];
    const note = (stage: Instant['stage'], detail: string): void =>
      void instants.push({ stage, atNs: clock.nowNs(), detail });
    let pids: readonly number[] = [];
    const endContainer = async (): Promise<void> => {
      note('noticed', 'openvpn, the main process, has ended');
      note('acting', `SIGKILL to ${pids.join(', ')}`);
      await host.run(['kill', '-KILL', ...pids.map(String)], { anyStatus: true }).catch(ignoreEndOfHost);
      note('acted', 'container ended');
    };
    const options = ['--ping', '10', '--ping-exit', '60', '--script-security', '2', '--route-pre-down', script];
    let stopping = false;
    const onExit = (): void => void (stopping || pids.length === 0 ? undefined : endContainer());
    return engaged(context, {
      binding: 'address',
      tunnel: new OpenVpnTunnel(context, { options, v6: v6 === 'on', onExit }),
      async clientStarted(client) {
        pids = client.pids;
        await writeFile(pidFile, pids.join(' '));
      },
      instants: () => Promise.resolve(instants),
      disengage() {
        stopping = true;
        return Promise.resolve();
      },
    });
  },
});
