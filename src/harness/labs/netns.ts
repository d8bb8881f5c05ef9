/**
 * The embedded lab: one network namespace a host, inside namespaces of the harness's own making.
 *
 * The process that opens labs, one after the other, lives in private PID, mount and network namespaces
 * (`enterNamespaces`). No namespace, link, mount or process of a lab has a name outside them: when that process ends,
 * however it ends, the kernel ends everything it started and frees everything it made. Between two labs nothing is left in
 * them but that process and the programs that wait for the next lab (residents.ts).
 *
 * The "internet" is a network namespace like a host's: a bridge with no address and no way out.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../contracts/clock.ts';
import type {
  Argv,
  Host,
  LineProcess,
  Need,
  RunOptions,
  RunResult,
  RunningProcess,
  SpawnOptions,
} from '../../contracts/host.ts';
import type { Lab, Tap, Tunnel } from '../../contracts/lab.ts';
import type { LabDescription } from '../../records/trial-record.ts';
import type { Identity } from '../../records/identity.ts';
import { HOST_NAMES, type HostName } from '../../records/vocabulary.ts';
import type { TunnelKind } from '../../programs/wireguard.ts';
import { asUnprivileged, NOBODY_UID } from '../../contracts/unprivileged.ts';
import type { GuestUsers } from './guest-users.ts';
import { viewAlone, viewAsGuests, viewOwnEtc, viewOwnSys } from './guest-view.ts';
import { HostShell } from './host-shell.ts';
import { awaitEnd } from './child-process.ts';
import { delegateControlGroup, removeControlGroup } from './control-group.ts';
import { INIT, INIT_PID, assertOwnNamespaces, daemonPids, endAllBut, endUserHere } from './lab-processes.ts';
import { bind, mountNew } from './mounts.ts';
import { hostEnvironment, isPrivileged, quarters, startAtHome } from './quarters.ts';
import { Residents } from './residents.ts';
import { ADDRESS, identityOf } from '../../contracts/addresses.ts';
import { SYSCTLS, TUNNEL_DEVICE, configureHost, linkBatch } from './topology.ts';
import { openTunnel } from './tunnel.ts';

/** Packages of the commands that build a lab and its tunnel. */
export const NETNS_NEEDS: readonly Need[] = [
  { command: 'ip', package: 'iproute2' },
  { command: 'nft', package: 'nftables' },
  { command: 'iptables', package: 'iptables' },
  { command: 'sysctl', package: 'procps' },
  { command: 'wg-quick', package: 'wireguard-tools' },
  { command: 'wireguard-go', package: 'wireguard-go' },
  { command: 'resolvconf', package: 'openresolv' },
];

/** Folder for everything of a lab that is a file, on a tmpfs that only the lab sees. */
const SCRATCH = '/run/killswitch-lab';

/**
 * The command that gives `argv` namespaces of its own, for the labs that it opens. It dies with its parent
 * (`--pdeathsig`), and everything inside dies with it (`--kill-child`, then the kernel's rule for PID namespaces).
 * Without root, a user namespace in which this user is root comes first, with the user's subordinate ids (subuid(5)) for
 * everybody else: torrent clients must not run as root, and tcpdump gives up its groups.
 */
export function enterNamespaces(argv: Argv): Argv {
  const rootless = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user', '--map-auto'];
  return [
    'setpriv',
    '--pdeathsig=KILL',
    'unshare',
    ...rootless,
    '--mount',
    '--propagation=private',
    '--pid',
    '--net',
    '--fork',
    '--kill-child=SIGKILL',
    '--mount-proc',
    // Node.js would read these authorities at its start, for 75 ms of a processor's time; no trial's process speaks TLS.
    'env',
    '--unset=NODE_EXTRA_CA_CERTS',
    ...INIT,
    ...argv,
  ];
}

interface HostParts {
  readonly folder: string;
  readonly users: GuestUsers | null;
  readonly residents: Residents | null;
}

class NetnsHost implements Host {
  readonly name: HostName;
  readonly folder: string;
  readonly shell: HostShell;
  readonly #users: GuestUsers | null;
  readonly lend?: (argv: Argv, job: string) => Promise<LineProcess>;
  readonly ownControlGroup?: () => Promise<void>;
  /** What is left when the host is gone. */
  controlGroup: string | null = null;

  constructor(name: HostName, shell: HostShell, { folder, users, residents }: HostParts) {
    this.name = name;
    this.folder = folder;
    this.shell = shell;
    this.#users = users;
    const namespaces = `/proc/${shell.process.pid}/ns`;
    if (users !== null) {
      this.ownControlGroup = async () => {
        this.controlGroup ??= await delegateControlGroup(shell.process.pid, users.root);
      };
    }
    if (residents !== null) this.lend = (argv, job) => residents.lend(name, argv, { namespaces, job });
  }

  async run(argv: Argv, options: RunOptions = {}): Promise<RunResult> {
    if (options.signal === undefined) return this.shell.run(argv, options);
    return awaitEnd(this.name, argv, await this.shell.spawn(argv, options), options);
  }

  spawn(argv: Argv, { unprivileged = false, setuid = false, ...options }: SpawnOptions = {}): Promise<RunningProcess> {
    return this.shell.spawn(unprivileged ? [...asUnprivileged({ setuid }), ...argv] : argv, options);
  }

  endUnprivileged(): Promise<void> {
    return endUserHere((this.#users?.root ?? 0) + NOBODY_UID);
  }
}

/** Programs that wait to be put to work in the labs that this process opens. */
export function openResidents(): Residents {
  return new Residents(startAtHome);
}

/**
 * Opens a lab. Must be called in a process started through `enterNamespaces`, after its last one was closed; elsewhere it
 * throws at once, since closing the lab ends every process it can see but the residents that wait.
 * Throws `CommandFailed` naming the host and the command that did not work.
 */
export async function openNetnsLab(clock: Clock, residents: Residents | null = null): Promise<Lab> {
  await assertOwnNamespaces();
  // The lab's other users read what is written here, whatever the harness was started with (a client's settings).
  process.umask(0o022);
  if (existsSync(SCRATCH)) await clearRun();
  const { users, visitor } = await quarters();
  const visit = (shell: HostShell, act: () => void): void => {
    visitor.visit(`/proc/${shell.process.pid}/ns`, act);
  };
  await mkdir('/run/wireguard', { recursive: true });
  const folders = HOST_NAMES.map((name) => path.join(SCRATCH, name));
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true, mode: 0o777 })));
  const internet = await visitor.inCopy(() => {
    viewAsGuests(users);
    return HostShell.open('internet', SCRATCH, hostEnvironment('/'), users?.become ?? []);
  });
  const open = async (name: HostName): Promise<NetnsHost> => {
    const folder = path.join(SCRATCH, name);
    const shell = await internet.openOther(name, folder, hostEnvironment(folder));
    return new NetnsHost(name, shell, { folder, users, residents });
  };
  const [client, router, neighbour, vpn, swarm, resolver] = await Promise.all([
    open('client'),
    open('router'),
    open('neighbour'),
    open('vpn'),
    open('swarm'),
    open('resolver'),
  ]);
  const hosts = { client, router, neighbour, vpn, swarm, resolver };
  await Promise.all(Object.values(hosts).map(({ shell, name }) => shell.run(['eval', settingOf(SYSCTLS[name])])));
  await internet.run(['ip', '-batch', '-'], { input: linkBatch((name) => hosts[name].shell.process.pid) });
  const configureClient = async (): Promise<void> => {
    await configureHost(client);
    // Its folder is out of its place for an instant: no command may be under way there.
    await ownView(client, users, visit);
  };
  await Promise.all([configureClient(), ...[router, neighbour, vpn, swarm, resolver].map(configureHost)]);
  visit(vpn.shell, viewOwnSys);
  const identity = identityOf(await macAddress(client));
  const { tunnel, kind } = await openTunnel({
    client,
    vpn,
    clock,
    daemonPids: () => daemonPids(TUNNEL_DEVICE, client.shell.process.pid),
  });
  return new NetnsLab({ hosts, internet, tunnel, kind, identity, clock, residents, users });
}

interface Parts {
  readonly hosts: Readonly<Record<HostName, NetnsHost>>;
  readonly internet: HostShell;
  readonly tunnel: Tunnel;
  readonly kind: TunnelKind;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly residents: Residents | null;
  readonly users: GuestUsers | null;
}

class NetnsLab implements Lab {
  readonly hosts: Readonly<Record<HostName, NetnsHost>>;
  readonly uplink: Tap;
  readonly wan: Tap;
  readonly tunnel: Tunnel;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { hosts, tunnel, identity, clock } = parts;
    this.hosts = hosts;
    this.uplink = { host: hosts.router, device: 'uplink' };
    this.wan = { host: hosts.router, device: 'wan' };
    this.tunnel = tunnel;
    this.identity = identity;
    this.clock = clock;
  }

  describe(): LabDescription {
    const { kind, users } = this.#parts;
    return { backend: 'netns', tunnel: kind, users: users !== null || !isPrivileged() ? 'own' : 'machine' };
  }

  /** Ends every process of the lab; the kernel then frees their namespaces, links and mounts. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { internet, residents } = this.#parts;
    await endAllBut([INIT_PID, process.pid, ...(residents?.pids ?? [])]);
    await internet.process.exited;
    await Promise.all([internet, ...Object.values(this.hosts).map(({ shell }) => shell)].map((shell) => shell.gone()));
    for (const { controlGroup } of Object.values(this.#parts.hosts)) {
      if (controlGroup !== null) await removeControlGroup(controlGroup);
    }
  }
}

/** What a lab left in /run (its captures) is to be had until the next. */
async function clearRun(): Promise<void> {
  const left = await readdir('/run');
  await Promise.all(left.map((each) => rm(path.join('/run', each), { recursive: true })));
}

/**
 * The client's own view beside what every host sees: a writable /etc that starts as a copy of the system's, its network's
 * /sys, and of the lab's folders its own alone, since the captures are in another's.
 */
async function ownView(
  client: NetnsHost,
  users: GuestUsers | null,
  visit: (shell: HostShell, act: () => void) => void,
): Promise<void> {
  const resolver = `nameserver ${ADDRESS.resolver.v4}\n`;
  const mountEtc = users === null ? await ownEtc(client, resolver) : () => viewOwnEtc(users, resolver);
  visit(client.shell, () => {
    mountEtc();
    viewOwnSys();
    viewAlone(client.folder);
  });
}

/**
 * Prepares it, and gives what puts it in its place: an overlay where we are root; in a user namespace, whose overlay would
 * keep the system's owner, a plain copy.
 */
async function ownEtc(client: NetnsHost, resolver: string): Promise<() => void> {
  const [upper, work] = [path.join(SCRATCH, 'etc', 'upper'), path.join(SCRATCH, 'etc', 'work')];
  await Promise.all([upper, work].map((folder) => mkdir(folder, { recursive: true })));
  // Files that only root may read (shadow, keys) stay behind; nothing in a lab needs them.
  if (!isPrivileged()) await client.run(['cp', '-dR', '/etc/.', upper], { anyStatus: true });
  // The system's file may be a link into a /run that is hidden here.
  await rm(path.join(upper, 'resolv.conf'), { force: true });
  await writeFile(path.join(upper, 'resolv.conf'), resolver);
  return isPrivileged()
    ? () => mountNew('overlay', '/etc', [], `lowerdir=/etc,upperdir=${upper},workdir=${work}`)
    : () => bind(upper, '/etc');
}

/** Program for sh(1) that sets what sysctl(8) would set, without starting a program. */
function settingOf(sysctls: readonly string[]): string {
  return sysctls
    .map((each) => each.split('='))
    .map(([name = '', value = '']) => `echo ${value} >/proc/sys/${name.replaceAll('.', '/')}`)
    .join(' && ');
}

/** Reads the Ethernet address of the client's uplink in the host's own /sys. */
async function macAddress(client: NetnsHost): Promise<string> {
  const root = `/proc/${client.shell.process.pid}/root`;
  return (await readFile(`${root}/sys/class/net/eth0/address`, 'utf8')).trim();
}
