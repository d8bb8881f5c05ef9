/**
 * The lab in containers: one a host, through the engine's API. The same links, addresses, rules, tunnel, plugins and
 * instruments as the embedded lab; what differs is who makes the namespaces. See docker/containers.ts for what a
 * container is given, docker/agent.ts for how programs run in it, and docs/docker.md for what works where.
 *
 * The trial's process itself stays outside: it speaks to the agents over their standard streams. When it ends, however
 * it ends, those close, the agents end, and the engine removes the containers.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type Docker from 'dockerode';
import * as z from 'zod';
import type { Clock } from '../../contracts/clock.ts';
import type { TorrentClient } from '../../contracts/client.ts';
import type { Argv, Host, Member, RunOptions, RunResult, RunningProcess, SpawnOptions } from '../../contracts/host.ts';
import type { Lab, Tap, Tunnel } from '../../contracts/lab.ts';
import type { LabDescription } from '../../records/trial-record.ts';
import type { Identity } from '../../records/identity.ts';
import { HOST_NAMES, type HostName } from '../../records/vocabulary.ts';
import type { TunnelKind } from '../../programs/wireguard.ts';
import { AgentChannel } from './docker/channel.ts';
import { containerName, containerOptions, memberLabels, tunDevice, type MemberSpec } from './docker/containers.ts';
import { connectEngine, removeContainer } from './docker/engine.ts';
import { StackContainers, stackSchema, type Stack } from './docker/user-stack.ts';
import { SCRATCH_PREFIX } from './docker/sweep-containers.ts';
import { ownerName } from '../../contracts/owner.ts';
import { endUser } from './end-user.ts';
import { NOBODY, asUnprivileged } from '../../contracts/unprivileged.ts';
import { awaitEnd } from './child-process.ts';
import { ADDRESS, identityOf } from '../../contracts/addresses.ts';
import { SYSCTLS, TUNNEL_DEVICE, configureHost, linkBatch } from './topology.ts';
import { openTunnel } from './tunnel.ts';

/** What a lab in containers is told beside its clock; crosses to the trial's process as JSON. */
export const dockerLabSchema = z.object({
  campaign: z.string(),
  trial: z.string(),
  /** Image of every host but the client. */
  labImage: z.string(),
  clientImage: z.string(),
  /** A user's own client and VPN. */
  stack: stackSchema.optional(),
});
export type DockerLabOptions = z.infer<typeof dockerLabSchema>;

const LAB_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Mode of a folder: for its owner and, where the harness is not root, for a container's root, which is in its group. */
const PRIVATE = 0o770;
/** Folder of the control sockets of userspace WireGuard that are shared with a user's stack. */
const SOCKETS = 'wireguard';

/** The engine turns IPv6 off in a container without a network of its own. */
const WITH_IPV6 = ['net.ipv6.conf.all.disable_ipv6=0', 'net.ipv6.conf.default.disable_ipv6=0'];

class DockerHost implements Host {
  readonly name: HostName;
  readonly folder: string;
  /** The agent's process id in the lab's PID namespace. */
  readonly agent: number;
  readonly #channel: AgentChannel;
  readonly #env: Readonly<Record<string, string>>;
  readonly unprivileged = unprivilegedUser();
  readonly endUnprivileged?: () => Promise<void>;

  /** `shared`: others' containers are in the lab's PID namespace too, and run as whom they like. */
  constructor(name: HostName, folder: string, agent: number, channel: AgentChannel, shared = false) {
    if (!shared) this.endUnprivileged = () => endUser(this, this.unprivileged.uid);
    this.name = name;
    this.folder = folder;
    this.agent = agent;
    this.#channel = channel;
    this.#env = { PATH: LAB_PATH, HOME: folder, LANG: 'C.UTF-8', TMPDIR: folder };
  }

  async run(argv: Argv, options: RunOptions = {}): Promise<RunResult> {
    options.signal?.throwIfAborted();
    const process = await this.#channel.start(this.name, { argv, env: { ...this.#env, ...options.env }, cwd: '/' });
    return awaitEnd(this.name, argv, process, options);
  }

  spawn(argv: Argv, options: SpawnOptions = {}): Promise<RunningProcess> {
    const drop = asUnprivileged({ ...this.unprivileged, setuid: options.setuid === true });
    return this.#channel.start(this.name, {
      argv: options.unprivileged === true ? [...drop, ...argv] : argv,
      env: { ...this.#env, ...options.env },
      cwd: options.cwd ?? '/',
    });
  }
}

/** Whom torrent clients run as: where the harness is not root, its own user, whose files alone it can see to. */
function unprivilegedUser(): NonNullable<Host['unprivileged']> {
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? NOBODY : { uid, gid: process.getgid?.() ?? uid };
}

/**
 * Opens a lab. Throws `RequestError` where no engine answers, and `CommandFailed` naming the host and the command that
 * did not work; nothing of the lab is left then. `guarded`: whether a stack's own kill switch is on.
 */
export async function openDockerLab(clock: Clock, options: DockerLabOptions, guarded = true): Promise<Lab> {
  const { docker } = await connectEngine();
  const owner = ownerName(process.pid) ?? '';
  const scratch = await mkdtemp(path.join(os.tmpdir(), `${SCRATCH_PREFIX}${owner}-`));
  // The torrent client's user must be able to pass through.
  await chmod(scratch, 0o711);
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const containers = new Containers(docker, scratch, owner, options);
  try {
    const internet = await containers.start('internet', null, null);
    const opened = await Promise.all(HOST_NAMES.map((name) => openHost(containers, name)));
    const host = (name: HostName): DockerHost => {
      const found = opened.find((each) => each.name === name);
      if (found === undefined) throw new Error(`no host ${name}`);
      return found;
    };
    const [client, vpn] = [host('client'), host('vpn')];
    const hosts = {
      client,
      vpn,
      router: host('router'),
      neighbour: host('neighbour'),
      swarm: host('swarm'),
      resolver: host('resolver'),
    };
    await Promise.all(opened.map((each) => each.run(['sysctl', '-q', '-w', ...WITH_IPV6, ...SYSCTLS[each.name]])));
    const core = new DockerHost('swarm', '/', internet.agent, internet.channel);
    await core.run(['ip', '-batch', '-'], { input: linkBatch((name) => hosts[name].agent) });
    await Promise.all([...opened.map(configureHost), prepareClient(client)]);
    const identity = identityOf(await macAddress(client));
    const stack = options.stack && containers.stack(options.stack, guarded);
    const device = options.stack?.device ?? TUNNEL_DEVICE;
    const { tunnel, kind } = await openTunnel({
      client,
      vpn,
      clock,
      daemonPids: () => daemonPids(client, device),
      ...(stack && {
        other: { device, up: (handover) => stack.vpnUp(client, vpn, handover), down: () => stack.vpnDown() },
      }),
    });
    return new DockerLab(containers, hosts, tunnel, kind, identity, clock, stack?.client);
  } catch (error) {
    await containers.remove();
    throw error;
  }
}

class DockerLab implements Lab {
  readonly hosts: Readonly<Record<HostName, DockerHost>>;
  readonly uplink: Tap;
  readonly wan: Tap;
  readonly tunnel: Tunnel;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly client?: TorrentClient;
  readonly #containers: Containers;
  readonly #kind: TunnelKind;

  constructor(
    containers: Containers,
    hosts: Readonly<Record<HostName, DockerHost>>,
    tunnel: Tunnel,
    kind: TunnelKind,
    identity: Identity,
    clock: Clock,
    client?: TorrentClient,
  ) {
    if (client !== undefined) this.client = client;
    this.#containers = containers;
    this.hosts = hosts;
    this.uplink = { host: hosts.router, device: 'uplink' };
    this.wan = { host: hosts.router, device: 'wan' };
    this.tunnel = tunnel;
    this.identity = identity;
    this.clock = clock;
    this.#kind = kind;
  }

  describe(): LabDescription {
    return { backend: 'docker', tunnel: this.#kind, users: 'machine' };
  }

  /**
   * Ends the PID namespace's first process, and with it all; resolves when the engine has removed the containers. The
   * captures, which the harness wrote into the router's folder, stay until this process ends: they are sealed next.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const hosts = HOST_NAMES.filter((name) => name !== 'router').map((name) => this.hosts[name]);
    // What the client's user owns, a harness that is not root cannot remove from outside. What is left here, it names then.
    await Promise.allSettled(
      hosts.map((host) => host.run(['find', host.folder, '-mindepth', '1', '-delete'], { anyStatus: true })),
    );
    await this.#containers.remove();
    await Promise.all(hosts.map(({ folder }) => rm(folder, { recursive: true, force: true })));
  }
}

interface StartedMember {
  readonly channel: AgentChannel;
  readonly agent: number;
}

/** The containers of one lab, from the first to the removal of all. */
class Containers {
  readonly #docker: Docker;
  readonly #options: DockerLabOptions;
  readonly #common: Pick<MemberSpec, 'lab' | 'campaign' | 'trial' | 'owner'>;
  readonly #scratch: string;
  readonly #channels: AgentChannel[] = [];
  readonly #gone: Promise<unknown>[] = [];
  readonly #ids: string[] = [];

  constructor(docker: Docker, scratch: string, owner: string, options: DockerLabOptions) {
    this.#docker = docker;
    this.#options = options;
    const { campaign, trial } = options;
    this.#common = { lab: randomBytes(4).toString('hex'), campaign, trial, owner };
    this.#scratch = scratch;
  }

  /** Makes a folder that the harness and the root of the containers that it is lent to may write to, and no one else. */
  async folder(name: string, mode: number): Promise<string> {
    const folder = path.join(this.#scratch, name);
    await mkdir(folder, { recursive: true });
    await chmod(folder, mode);
    return folder;
  }

  /** Starts a container and its agent; all but the first join the first one's PID namespace. `folder`: the host's own. */
  async start(member: Member, joins: string | null, folder: string | null): Promise<StartedMember> {
    const { labImage, clientImage } = this.#options;
    const container = await this.#docker.createContainer(
      containerOptions({
        ...this.#common,
        member,
        joins,
        folder,
        image: member === 'client' ? clientImage : labImage,
        sockets: this.hasStack && member === 'client' ? await this.folder(SOCKETS, PRIVATE) : null,
        tun: (member === 'client' || member === 'vpn') && tunDevice(),
      }),
    );
    this.#ids.push(container.id);
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const channel = new AgentChannel(this.#docker, member, stream);
    this.#channels.push(channel);
    // Asked for before the start: the answer comes when the engine has removed it.
    const gone = container.wait({ condition: 'removed' });
    gone.catch(() => undefined); // Waited for in remove().
    this.#gone.push(gone);
    await container.start();
    return { channel, agent: await channel.ready };
  }

  get hasStack(): boolean {
    return this.#options.stack !== undefined;
  }

  get first(): string {
    return this.#ids[0] ?? '';
  }

  /** A user's stack, in the namespaces of the client's container and of the first one. */
  stack(stack: Stack, guarded: boolean): StackContainers {
    const { lab } = this.#common;
    return new StackContainers(this.#docker, stack, {
      network: containerName(lab, 'client'),
      processes: containerName(lab, 'internet'),
      name: containerName(lab, 'client'),
      labels: memberLabels(this.#common),
      sockets: path.join(this.#scratch, SOCKETS),
      guarded,
    });
  }

  async remove(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    await Promise.all(this.#ids.map((id) => removeContainer(this.#docker, id)));
    await Promise.allSettled(this.#gone);
  }
}

async function openHost(containers: Containers, name: HostName): Promise<DockerHost> {
  // The torrent client owns folders in its host's, not that one: there the harness works by name.
  const folder = await containers.folder(name, name === 'client' ? 0o755 : PRIVATE);
  const { channel, agent } = await containers.start(name, containers.first, folder);
  return new DockerHost(name, folder, agent, channel, containers.hasStack);
}

/** The client asks the lab's resolver. Its file system is its image's own. */
async function prepareClient(client: DockerHost): Promise<void> {
  await client.run(['tee', '/etc/resolv.conf'], { input: `nameserver ${ADDRESS.resolver.v4}\n` });
}

const linkSchema = z.tuple([z.looseObject({ address: z.string() })]);

async function macAddress(client: Host): Promise<string> {
  const { stdout } = await client.run(['ip', '-json', 'link', 'show', 'dev', 'eth0']);
  return linkSchema.parse(JSON.parse(stdout))[0].address;
}

/** wireguard-go processes that serve the client's device: the server's has another name. */
async function daemonPids(client: Host, device: string): Promise<number[]> {
  const { stdout } = await client.run(['pgrep', '--full', `^wireguard-go ${device}$`], { anyStatus: true });
  return stdout.split('\n').filter(Boolean).map(Number);
}
