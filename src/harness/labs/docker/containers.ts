/**
 * What each container of a lab is given, and nothing else.
 *
 * No container has a Docker network: each is started with none, and the lab lays its own links between them. For that
 * they share one PID namespace, so that `ip link` can name a container by the process id of its agent; NET_ADMIN is
 * then enough, where named network namespaces would need SYS_ADMIN. The namespace's first process is the agent of the
 * container `internet`: when it ends, the kernel ends every process of the lab, and the engine removes the containers.
 */
import { existsSync, realpathSync } from 'node:fs';
import type Docker from 'dockerode';
import { compiled, inProject } from '../../../contracts/places.ts';
import type { Member } from '../../../contracts/host.ts';
import { LABEL } from './engine.ts';

const AGENT = compiled('harness/labs/docker/agent');
const TUN = '/dev/net/tun';

/** Faults are injected on two hosts, by a process that waits for the moment. */
const REAL_TIME = { capability: 'SYS_NICE', reason: 'a busy machine does not stretch the bracket of a fault' };

/** What a host needs beside NET_ADMIN (links, addresses, routes, filters) and NET_RAW (captures, raw frames, ping). */
const MORE: Readonly<Record<Member, readonly { readonly capability: string; readonly reason: string }[]>> = {
  client: [
    { capability: 'SETUID', reason: 'torrent clients run as an unprivileged user' },
    { capability: 'SETGID', reason: 'and in that user’s group' },
    { capability: 'CHOWN', reason: 'that user owns the client’s state and downloads' },
    { capability: 'DAC_OVERRIDE', reason: 'the harness’s programs read what that user writes' },
    { capability: 'KILL', reason: 'kill switches end the client, which runs as that user' },
    REAL_TIME,
  ],
  router: [
    { capability: 'SETUID', reason: 'tcpdump sets the user it runs as, even to the same one' },
    { capability: 'SETGID', reason: 'tcpdump, likewise' },
  ],
  resolver: [
    { capability: 'NET_BIND_SERVICE', reason: 'dnsmasq answers on port 53' },
    { capability: 'SETGID', reason: 'dnsmasq sets its group, even as root' },
  ],
  neighbour: [],
  vpn: [REAL_TIME],
  swarm: [],
  internet: [],
};

/**
 * The engine makes all of /proc/sys read-only; the lab needs /proc/sys/net, which belongs to the container's own
 * network namespace (wg-quick sets net.ipv4.conf.all.src_valid_mark, the router forwards). The rest stays as it was.
 */
const READ_ONLY = [
  ...['bus', 'fs', 'irq', 'sysrq-trigger', 'asound', 'acpi', 'scsi'].map((name) => `/proc/${name}`),
  ...['abi', 'debug', 'dev', 'fs', 'kernel', 'sunrpc', 'user', 'vm', 'crypto', 'xen'].map(
    (name) => `/proc/sys/${name}`,
  ),
];

/** Far above what a lab host starts, far below what would harm the machine. */
export const MOST_PROCESSES = 512;

/**
 * What can be written to beside the host's own folder where the system cannot: sockets, locks, temporary files. The
 * client's system can: packages of clients and kill switches keep settings and state all over it (ufw in /etc and /lib,
 * firewalld in /etc and /var/log), and it is a layer that goes with the container.
 */
const OWN_PLACES = { '/run': 'rw,nosuid,nodev,mode=755', '/tmp': 'rw,nosuid,nodev,mode=1777' };

export interface MemberSpec {
  readonly member: Member;
  readonly image: string;
  /** Distinguishes the labs of one engine. */
  readonly lab: string;
  readonly campaign: string;
  readonly trial: string;
  readonly owner: string;
  /** The host's own folder, the same inside as outside; none for the member that is no host. */
  readonly folder: string | null;
  /** Id of the container whose PID namespace this one joins; none for the first. */
  readonly joins: string | null;
  /** Userspace WireGuard opens /dev/net/tun. */
  readonly tun: boolean;
  /** Where the control sockets of userspace WireGuard are shared with a user's stack; null where they are not. */
  readonly sockets: string | null;
}

type Common = Pick<MemberSpec, 'lab' | 'campaign' | 'trial' | 'owner'>;

export function containerName(lab: string, member: Member): string {
  return `killswitch-lab-${lab}-${member}`;
}

/** Labels by which everything of a trial is known, beside its own name. */
export function memberLabels({ campaign, trial, owner }: Common): Record<string, string> {
  return { [LABEL.campaign]: campaign, [LABEL.trial]: trial, [LABEL.owner]: owner };
}

/**
 * The group by which a container's root may write to folders of the harness's: none where that is root, too. Without
 * DAC_OVERRIDE, root is a user like any other.
 */
export function harnessGroup(): string[] {
  return process.getuid?.() === 0 ? [] : [String(process.getgid?.() ?? 0)];
}

/** A device as the engine is told it: to be opened, not to be made under another name. */
export function lentDevice(from: string, to = from): Docker.DeviceMapping {
  return { PathOnHost: from, PathInContainer: to, CgroupPermissions: 'rw' };
}

/** The engine's description of the container. Everything of the project is mounted read-only. */
export function containerOptions(spec: MemberSpec): Docker.ContainerCreateOptions {
  const { member } = spec;
  const readOnly = (file: string): string => `${realpathSync(file)}:${file}:ro`;
  return {
    name: containerName(spec.lab, member),
    Image: spec.image,
    Hostname: member,
    Cmd: [process.execPath, AGENT],
    User: '0:0',
    WorkingDir: '/',
    Labels: { ...memberLabels(spec), [LABEL.project]: member },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    Tty: false,
    HostConfig: {
      AutoRemove: true,
      NetworkMode: 'none',
      ...(spec.joins === null ? {} : { PidMode: `container:${spec.joins}` }),
      CapDrop: ['ALL'],
      CapAdd: ['NET_ADMIN', 'NET_RAW', ...MORE[member].map(({ capability }) => capability)],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyPaths: READ_ONLY,
      PidsLimit: MOST_PROCESSES,
      GroupAdd: harnessGroup(),
      ...(member === 'client' ? {} : { ReadonlyRootfs: true, Tmpfs: OWN_PLACES }),
      Devices: spec.tun ? [lentDevice(TUN)] : [],
      Binds: [
        readOnly(process.execPath),
        ...['build', 'node_modules', 'package.json'].map((name) => readOnly(inProject(name))),
        ...(spec.folder === null ? [] : [`${spec.folder}:${spec.folder}:rw`]),
        ...(spec.sockets === null ? [] : [`${spec.sockets}:/var/run/wireguard:rw`]),
      ],
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}

/** Whether this machine can lend the device to userspace WireGuard. */
export function tunDevice(): boolean {
  return existsSync(TUN);
}
