/**
 * haugene/docker-transmission-openvpn: no firewall. The client is bound to the tunnel's address, OpenVPN gives up after a
 * minute without an answer, its script stops the client before the routes go, and when OpenVPN, the container's main
 * process, has ended, the container ends with everything in it.
 *
 * Reproduces one version, 5.4.1 (commit 4f22965b): openvpn/start.sh (`--script-security 2`, `--route-pre-down
 * /etc/openvpn/tunnelDown.sh`, `exec openvpn` under dumb-init), openvpn/modify-openvpn-config.sh (`inactive 3600`, `ping
 * 10`, `ping-exit 60`, `remap-usr1 SIGTERM`) and transmission/stop.sh (kill, up to five seconds of patience, kill -9).
 *
 * Where the model differs: the torrent client is the trial's, started once the tunnel is up rather than by `--route-up`,
 * and bound to the tunnel's addresses of both families, where transmission/start.sh sets that of IPv4 alone. The
 * container's end is SIGKILL to the client. The resolver stays the lab's, which is the one behind the tunnel:
 * openvpn/tunnelUp.sh writes what the server names into resolv.conf, with a route of its own, and openvpn/tunnelDown.sh puts the
 * old one back. The optional parts (ENABLE_UFW, LOCAL_NETWORK, the proxy, self-healing) are off, as they are by default.
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

/** transmission/stop.sh: TRANSMISSION_TIMEOUT_SEC is 5 when it is not set, and is looked at once a second. */
const STOP = `#!/bin/sh
pids=$(cat "$(dirname "$0")/client.pids")
kill $pids
for i in 1 2 3 4 5; do
  sleep 1
  left=
  for pid in $pids; do kill -0 "$pid" 2>/dev/null && left=$pid; done
  [ -z "$left" ] && exit 0
done
kill -9 $pids
exit 0
`;

/** openvpn/modify-openvpn-config.sh appends these to the provider's file, and openvpn/start.sh gives the others. */
const OPTIONS = ['--inactive', '3600', '--ping', '10', '--ping-exit', '60', '--remap-usr1', 'SIGTERM'];

/** A lab that is closed ends openvpn, in its turn, and the client and the host itself as well: nobody is left to end. */
function ignoreEndOfHost(error: unknown): void {
  if (!(error instanceof CommandFailed)) throw error;
}

export const haugene = defineKillSwitch({
  id: 'haugene',
  title: 'haugene/docker-transmission-openvpn',
  family: 'combined',
  reproduces: 'haugene/docker-transmission-openvpn 5.4.1, openvpn/start.sh and transmission/stop.sh; the real openvpn',
  claims: { v4: true, v6: false, dns: false, lan: false, boot: false, reconnect: true },
  ownTunnel: true,
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
    const options = [...OPTIONS, '--script-security', '2', '--route-pre-down', script];
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
