/**
 * systemd's `RestrictNetworkInterfaces=lo wg0` on the torrent client's service: what the service sends or receives over
 * another interface is dropped, wherever its routes lead. Interfaces are known by *index*, looked up when the service
 * starts: one that is made again under the same name is another one.
 *
 * Reproduces: systemd 252, systemd.resource-control(5) and src/core/restrict-ifaces.c (two cgroup programs, ingress and
 * egress, over a set of interface indices). Simplified: where there is no systemd, the service is a control group the
 * client is started in, and a packet filter that knows packets by their socket's control group takes the place of the
 * programs; inbound packets are known only when their socket is (established TCP, connected UDP).
 */
import { randomBytes } from 'node:crypto';
import type { Host } from '../contracts/host.ts';
import { Unsupported } from '../contracts/errors.ts';
import { CONTROL_GROUP_PREFIX } from '../contracts/owner.ts';
import { noParameters } from '../contracts/reference.ts';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { engaged } from './engaged.ts';
import { insideHost } from './inside.ts';
import { nft, runSteps } from './steps.ts';
import { defineKillSwitch } from './define.ts';

const MOUNT = '/sys/fs/cgroup';
/** Minutes after which a group that still has no process is left over, and not just being made. */
const LEFT_OVER_MINUTES = 1;
/** Control groups of ours belong to no lab and do not go with it. */
export const CONTROL_GROUPS = {
  mount: MOUNT,
  /** Removes, once they are mounted, those left over, and prints each; one that is in use refuses. */
  removal: [
    ...[
      'find',
      MOUNT,
      '-depth',
      '-mindepth',
      '1',
      '-name',
      `${CONTROL_GROUP_PREFIX}*`,
      '-mmin',
      `+${LEFT_OVER_MINUTES}`,
    ],
    ...['-exec', 'rmdir', '{}', ';', '-print'],
  ],
} as const;
const TABLE = 'inet restrict_interfaces';
/** Becomes the program after it has joined the control group named first. */
const JOIN = 'echo $$ > "$0" && exec "$@"';

export const systemdRestrict = defineKillSwitch({
  id: 'systemd-restrict',
  title: 'systemd RestrictNetworkInterfaces',
  family: 'firewall',
  reproduces: 'systemd 252, src/core/restrict-ifaces.c; a control group and a packet filter instead of cgroup programs',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: false, reconnect: true },
  needs: NFT_NEEDS,
  parameters: noParameters,
  async engage(context) {
    const { host, tunnel } = context;
    const group = `${CONTROL_GROUP_PREFIX}${randomBytes(6).toString('hex')}`;
    const level = await makeGroup(host, group);
    const clientHost = await insideHost(host, ['sh', '-c', JOIN, `${MOUNT}/${group}/cgroup.procs`]);
    // Without a process in it, the group is nobody's to another lab on this machine: before the client runs, and after.
    const holder = await clientHost.spawn(['sleep', 'infinity']);
    return engaged(context, {
      clientHost,
      tunnelUp: () =>
        runSteps(host, [
          nft(`
            table ${TABLE} {
              chain egress {
                type filter hook output priority filter;
                socket cgroupv2 level ${level} "${group}" oif != { "lo", "${tunnel.device}" } drop
              }
              chain ingress {
                type filter hook input priority filter;
                socket cgroupv2 level ${level} "${group}" iif != { "lo", "${tunnel.device}" } drop
              }
            }`),
        ]),
      async disengage() {
        await runSteps(host, [nft(`table ${TABLE}\ndelete table ${TABLE}`)]);
        holder.signal('SIGKILL');
        await holder.exited;
        await host.run(['rmdir', `${MOUNT}/${group}`], { anyStatus: true });
        await host.run(['umount', MOUNT]);
      },
    });
  },
});

/**
 * Makes the group and gives its level, as seen by the host. Control groups outlive their processes and their lab: those a
 * killed run has left behind, empty, go first.
 */
async function makeGroup(host: Host, group: string): Promise<number> {
  await host.ownControlGroup?.();
  const isOwn = host.ownControlGroup !== undefined;
  // What is mounted begins at the group that the mounting program's namespace begins at.
  const mount = ['mount', '-t', 'cgroup2', 'none', MOUNT] as const;
  const mounted = await host.run(isOwn ? ['unshare', '--cgroup', ...mount] : mount, { anyStatus: true });
  if (mounted.status.code !== 0) {
    throw new Unsupported(
      `no control groups (cgroup v2) here: ${mounted.stderr.trim()}. Containers may not mount them: --lab netns.`,
    );
  }
  await host.run(CONTROL_GROUPS.removal, { anyStatus: true });
  const made = await host.run(['mkdir', `${MOUNT}/${group}`], { anyStatus: true });
  if (made.status.code !== 0) throw new Unsupported(`no control group of our own here: ${made.stderr.trim()}`);
  return isOwn ? 2 : 1;
}
