/**
 * What each container of a lab is given, and nothing else.
 *
 * No container has a Docker network: each is started with none, and the lab lays its own links between them. For that
 * they share one PID namespace, so that `ip link` can name a container by the process id of its agent; NET_ADMIN is
 * then enough, where named network namespaces would need SYS_ADMIN. The namespace's first process is the agent of the
 * container `internet`: when it ends, the kernel ends every process of the lab, and the engine removes the containers.
 */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
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
  internet: [{ capability: 'DAC_OVERRIDE', reason: 'empties the scratch folder of what the unprivileged user wrote' }],
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
const MOST_PROCESSES = 512;

export interface MemberSpec {
  readonly member: Member;
  readonly image: string;
  /** Distinguishes the labs of one engine. */
  readonly lab: string;
  readonly campaign: string;
  readonly trial: string;
  readonly owner: string;
  /** The lab's scratch folder, the same inside as outside. */
  readonly scratch: string;
  /** Id of the container whose PID namespace this one joins; none for the first. */
  readonly joins: string | null;
  /** Userspace WireGuard opens /dev/net/tun. */
  readonly tun: boolean;
  /** The control sockets of userspace WireGuard are shared with a user's stack. */
  readonly sockets: boolean;
}

type Common = Pick<MemberSpec, 'lab' | 'campaign' | 'trial' | 'owner' | 'scratch'>;

export function containerName(lab: string, member: Member): string {
  return `killswitch-lab-${lab}-${member}`;
}

/** Labels by which everything of a trial is known, beside its own name. */
export function memberLabels({ campaign, trial, owner }: Common): Record<string, string> {
  return { [LABEL.campaign]: campaign, [LABEL.trial]: trial, [LABEL.owner]: owner };
}

export function socketsFolder(scratch: string): string {
  return path.join(scratch, 'wireguard');
}

/** The engine's description of the container. Everything of the project is mounted read-only. */
export function containerOptions(spec: MemberSpec): ContainerCreateOptions {
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
      Devices: spec.tun ? [{ PathOnHost: TUN, PathInContainer: TUN, CgroupPermissions: 'rwm' }] : [],
      Binds: [
        readOnly(process.execPath),
        ...['build', 'node_modules', 'package.json'].map((name) => readOnly(inProject(name))),
        `${spec.scratch}:${spec.scratch}:rw`,
        ...(spec.sockets ? [`${socketsFolder(spec.scratch)}:/var/run/wireguard:rw`] : []),
      ],
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}

/** Whether this machine can lend the device to userspace WireGuard. */
export function tunDevice(): boolean {
  return existsSync(TUN);
}
