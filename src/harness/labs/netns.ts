/**
 * The embedded lab: one network namespace a host, inside namespaces of the trial's own.
 *
 * The trial's process is the first process of a private PID namespace and lives in private mount and network
 * namespaces (`enterNamespaces`). No namespace, link, mount or process of a lab has a name outside it: when the trial's
 * process ends, however it ends, the kernel ends everything it started and frees everything it made.
 *
 * The trial's own network namespace is the "internet": a bridge with no address and no way out.
 */
import { mkdir, readFile, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type {
  Argv,
  Host,
  Lab,
  LabDescription,
  Need,
  RunOptions,
  RunResult,
  RunningProcess,
  SpawnOptions,
  Tap,
  Tunnel,
} from '../contracts.ts';
import { HOST_NAMES, type HostName, type Identity } from '../records.ts';
import type { TunnelKind } from '../wireguard.ts';
import { HostShell } from './host-shell.ts';
import { runProcess, startProcess } from './process.ts';
import { ADDRESS, SYSCTLS, TUNNEL_DEVICE, configureHost, identityOf, linkBatch } from './topology.ts';
import { openTunnel } from './tunnel.ts';

export const NETNS_NEEDS: readonly Need[] = [
  { command: 'ip', package: 'iproute2' },
  { command: 'nft', package: 'nftables' },
  { command: 'iptables', package: 'iptables' },
  { command: 'sysctl', package: 'procps' },
  { command: 'wg-quick', package: 'wireguard-tools' },
  { command: 'wireguard-go', package: 'wireguard-go' },
  { command: 'resolvconf', package: 'openresolv' },
  { command: 'tcpdump', package: 'tcpdump' },
  { command: 'dnsmasq', package: 'dnsmasq-base' },
  { command: 'socat', package: 'socat' },
];

/** Everything of a lab that is a file lives here, on a tmpfs that only the lab sees. */
const SCRATCH = '/run/killswitch-lab';
/** Debian's `nobody` and `nogroup`: torrent clients run as this user. */
const UNPRIVILEGED = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The command that gives a trial its own namespaces; `argv` becomes their first process. It dies with its parent
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
    ...argv,
  ];
}

/** The environment lab processes get: nothing of the user's but the search path. */
function hostEnvironment(folder: string): Record<string, string> {
  const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return { PATH: system, HOME: folder, LANG: 'C.UTF-8', TMPDIR: folder };
}

class NetnsHost implements Host {
  readonly name: HostName;
  readonly folder: string;
  readonly shell: HostShell;
  readonly #enter: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  constructor(name: HostName, folder: string, shell: HostShell) {
    this.name = name;
    this.folder = folder;
    this.shell = shell;
    const namespaces = `/proc/${this.holder.pid}/ns`;
    this.#enter = ['nsenter', `--net=${namespaces}/net`, `--mount=${namespaces}/mnt`, '--'];
    this.#env = hostEnvironment(folder);
  }

  /** Process that holds the host's namespaces open. */
  get holder(): RunningProcess {
    return this.shell.process;
  }

  run(argv: Argv, { signal, ...options }: RunOptions = {}): Promise<RunResult> {
    if (signal === undefined) return this.shell.run(argv, options);
    return runProcess(this.name, this.#enter, argv, { ...options, signal }, this.#env);
  }

  spawn(argv: Argv, options: SpawnOptions = {}): Promise<RunningProcess> {
    const drop = options.unprivileged === true ? UNPRIVILEGED : [];
    return startProcess(this.name, [...this.#enter, ...drop], argv, {
      env: { ...this.#env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
  }
}

/**
 * Opens a lab. Must be called in a process started through `enterNamespaces`, once in its life; elsewhere it throws at
 * once, since closing the lab ends every process it can see.
 * Throws `CommandFailed` naming the host and the command that did not work.
 */
export async function openNetnsLab(clock: Clock): Promise<Lab> {
  await assertOwnNamespaces();
  const core = await prepareTrialNamespace();
  const folders = HOST_NAMES.map((name) => path.join(SCRATCH, name));
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true, mode: 0o777 })));
  const [client, router, neighbour, vpn, swarm, resolver] = await Promise.all([
    openHost('client'),
    openHost('router'),
    openHost('neighbour'),
    openHost('vpn'),
    openHost('swarm'),
    openHost('resolver'),
  ]);
  const hosts = { client, router, neighbour, vpn, swarm, resolver };
  await Promise.all(Object.values(hosts).map((host) => host.run(['sysctl', '-q', '-w', ...SYSCTLS[host.name]])));
  await core(
    ['ip', '-batch', '-'],
    linkBatch((name) => hosts[name].holder.pid),
  );
  await Promise.all([...Object.values(hosts).map(configureHost), hideUser(client)]);
  const identity = identityOf(await macAddress(client));
  const { tunnel, kind } = await openTunnel({ client, vpn, clock, daemonPids: () => daemonPids(client) });
  return new NetnsLab(hosts, tunnel, kind, identity, clock);
}

class NetnsLab implements Lab {
  readonly hosts: Readonly<Record<HostName, NetnsHost>>;
  readonly uplink: Tap;
  readonly wan: Tap;
  readonly tunnel: Tunnel;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly #kind: TunnelKind;

  constructor(
    hosts: Readonly<Record<HostName, NetnsHost>>,
    tunnel: Tunnel,
    kind: TunnelKind,
    identity: Identity,
    clock: Clock,
  ) {
    this.hosts = hosts;
    this.uplink = { host: hosts.router, device: 'uplink' };
    this.wan = { host: hosts.router, device: 'wan' };
    this.tunnel = tunnel;
    this.identity = identity;
    this.clock = clock;
    this.#kind = kind;
  }

  describe(): LabDescription {
    return { backend: 'netns', tunnel: this.#kind, privileged: isPrivileged() };
  }

  /** Ends every other process of the PID namespace; the kernel then frees their namespaces, links and mounts. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of await processIds()) if (pid !== process.pid) kill(pid);
    await Promise.all(Object.values(this.hosts).map((host) => host.holder.exited));
  }
}

type Core = (argv: Argv, input: string) => Promise<RunResult>;

/** Private /run (sockets, locks, scratch) for the whole trial, and the internet's bridge in its network namespace. */
async function prepareTrialNamespace(): Promise<Core> {
  const env = hostEnvironment('/');
  const core: Core = (argv, input) => runProcess('swarm', [], argv, { input }, env);
  await core(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run'], '');
  await mkdir('/run/wireguard', { recursive: true });
  await mkdir(SCRATCH, { recursive: true });
  return core;
}

async function openHost(name: HostName): Promise<NetnsHost> {
  const folder = path.join(SCRATCH, name);
  return new NetnsHost(name, folder, await HostShell.open(name, folder, hostEnvironment(folder)));
}

/**
 * The client's own view of the file system: a writable /etc of its own that starts as a copy of the system's, its
 * network's /sys, and nothing of anyone's home but this project and the Node.js that runs it, read-only.
 */
async function hideUser(client: NetnsHost): Promise<void> {
  const mount = (...args: string[]): Promise<RunResult> => client.run(['mount', ...args]);
  await ownEtc(client, mount);
  await mount('-t', 'sysfs', 'sysfs', '/sys');
  // The system's file may be a link into a /run that is hidden here.
  await client.run(['rm', '-f', '/etc/resolv.conf']);
  await client.run(['tee', '/etc/resolv.conf'], { input: `nameserver ${ADDRESS.resolver.v4}\n` });
  const homes = ['/home', '/root'];
  const kept = [PROJECT, path.resolve(process.execPath, '../..')].filter((folder) =>
    homes.some((home) => folder.startsWith(`${home}/`)),
  );
  const aside = kept.map((folder, index) => ({ folder, held: path.join(SCRATCH, `kept-${index}`) }));
  for (const { folder, held } of aside) {
    await mkdir(held, { recursive: true });
    await mount('--bind', folder, held);
  }
  for (const home of homes) await mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', home);
  for (const { folder, held } of aside) {
    await client.run(['mkdir', '-p', folder]);
    await mount('--bind', '-o', 'ro', held, folder);
  }
}

/** An overlay where we are root; in a user namespace, whose overlay would keep the system's owner, a plain copy. */
async function ownEtc(client: NetnsHost, mount: (...args: string[]) => Promise<RunResult>): Promise<void> {
  const [upper, work] = [path.join(SCRATCH, 'etc', 'upper'), path.join(SCRATCH, 'etc', 'work')];
  await Promise.all([upper, work].map((folder) => mkdir(folder, { recursive: true })));
  if (isPrivileged()) {
    await mount('-t', 'overlay', '-o', `lowerdir=/etc,upperdir=${upper},workdir=${work}`, 'overlay', '/etc');
    return;
  }
  // Files that only root may read (shadow, keys) stay behind; nothing in a lab needs them.
  await client.run(['cp', '-dR', '/etc/.', upper], { anyStatus: true });
  await mount('--bind', upper, '/etc');
}

const isPrivileged = (): boolean => process.env['KSL_ROOTLESS'] !== '1';

const linkSchema = z.tuple([z.looseObject({ address: z.string() })]);

async function macAddress(client: Host): Promise<string> {
  const { stdout } = await client.run(['ip', '-json', 'link', 'show', 'dev', 'eth0']);
  return linkSchema.parse(JSON.parse(stdout))[0].address;
}

// ------------------------------------------------------------------------------------- processes of the PID namespace

/** The first process of a PID namespace, with that namespace's own /proc; the machine's first process is never ours. */
async function assertOwnNamespaces(): Promise<void> {
  if (process.pid === 1 && (await readlink('/proc/self')) === '1') return;
  throw new Error('A lab is opened only by the first process of a PID namespace: start it through enterNamespaces().');
}

async function processIds(): Promise<number[]> {
  return (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime, which is what was wanted.
  }
}

/** wireguard-go processes that serve the client's device: those in its network namespace that are not zombies. */
async function daemonPids(client: NetnsHost): Promise<number[]> {
  const home = await readlink(`/proc/${client.holder.pid}/ns/net`);
  const found = await Promise.all(
    (await processIds()).map(async (pid) => {
      try {
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
        if (!stat.includes('(wireguard-go)') || stat.includes(' Z ')) return [];
        const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
        return argv.includes(TUNNEL_DEVICE) && (await readlink(`/proc/${pid}/ns/net`)) === home ? [pid] : [];
      } catch {
        return []; // ended while it was being looked at
      }
    }),
  );
  return found.flat();
}
