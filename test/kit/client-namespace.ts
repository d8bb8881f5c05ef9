/**
 * Two hosts for the clients' compliance suite, smaller than the real lab: `client` with a link called `wg0` (default
 * route, stands for the tunnel) and a link `eth0`, both to `swarm`. No tunnel, no router, no capture: nothing here decides
 * whether anything leaks. They are network namespaces, or two containers of a lab whose own links are taken away.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Clock } from '../../src/contracts/clock.ts';
import type { Argv, ExitStatus, Host, RunOptions, RunningProcess, SpawnOptions } from '../../src/contracts/host.ts';
import { openDockerLab } from '../../src/harness/labs/docker.ts';
import type { HostName } from '../../src/records/vocabulary.ts';
import type { Place } from './lab-places.ts';

/** Debian's `nobody` and `nogroup`. */
export const UNPRIVILEGED = 65534;

export const CLIENT4 = '10.8.0.2';
export const CLIENT6 = '2001:db8:8::2';
const RESOLVER_FILE = 'nameserver 10.8.0.1\noptions attempts:1 timeout:2\n';
export const DHT_NODES = Array.from({ length: 8 }, (_, i) => ({ address: `198.18.${20 + i}.1`, port: 6881 }));

export interface TwoHosts extends AsyncDisposable {
  readonly client: Host;
  readonly swarm: Host;
}

/** The suite's swarm is no part of what is built: it is copied into its host's folder, and finds its modules from there. */
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** Opens two hosts in containers of the place's images, else in namespaces. */
export function openTwoHosts(place: Place): Promise<TwoHosts> {
  return place === null ? openNamespaces() : openContainers(place);
}

async function openNamespaces(): Promise<TwoHosts> {
  const folder = await mkdtemp(join(tmpdir(), 'clients-'));
  await chmod(folder, 0o777);
  await symlink(MODULES, join(folder, 'node_modules'));
  const holders: ChildProcess[] = [];
  const hold = async (name: HostName): Promise<NamespaceHost> => {
    // Ends when its standard input does, so with this process at the latest.
    const holder = spawn('unshare', ['--net', '--mount', '--', 'sh', '-c', 'echo ready; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    holders.push(holder);
    await once(holder.stdout, 'data');
    return new NamespaceHost(name, folder, holder.pid ?? 0);
  };
  const client = await hold('client');
  const swarm = await hold('swarm');
  await connect(client, swarm, swarm.holder);
  const resolver = join(folder, 'resolv.conf');
  await writeFile(resolver, RESOLVER_FILE);
  await chmod(resolver, 0o644);
  await client.run(['mount', '--bind', resolver, '/etc/resolv.conf']);
  return {
    client,
    swarm,
    async [Symbol.asyncDispose]() {
      for (const holder of holders) {
        killAllIn(holder.pid ?? 0);
        const ended = once(holder, 'exit');
        holder.stdin?.end();
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openContainers(images: NonNullable<Place>): Promise<TwoHosts> {
  const lab = await openDockerLab(new Clock(), { campaign: 'test', trial: `clients-${process.pid}`, ...images });
  const { client, swarm } = lab.hosts;
  for (const host of [client, swarm]) await host.run(['ip', 'link', 'delete', 'eth0']);
  const anchor = await swarm.spawn(['cat']);
  await connect(client, swarm, anchor.pid);
  await client.run(['tee', '/etc/resolv.conf'], { input: RESOLVER_FILE });
  await symlink(MODULES, join(swarm.folder, 'node_modules'));
  return { client, swarm, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

/** Kills what a failed test left running in a namespace of ours. */
function killAllIn(holder: number): void {
  const namespace = readlinkSync(`/proc/${holder}/ns/net`);
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isNaN(pid) || pid === holder) continue;
    try {
      if (readlinkSync(`/proc/${pid}/ns/net`) === namespace) process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

/** `pid`: a process of the swarm's, as the client's host sees it. */
async function connect(client: Host, swarm: Host, pid: number): Promise<void> {
  const peer = ['netns', String(pid)] as const;
  const commands: readonly (readonly [Host, string])[] = [
    [client, 'ip link set lo up'],
    [swarm, 'ip link set lo up'],
    [client, `ip link add wg0 type veth peer name wg0 ${peer.join(' ')}`],
    [client, `ip link add eth0 type veth peer name eth0 ${peer.join(' ')}`],
    ...[client, swarm].flatMap((host): (readonly [Host, string])[] => {
      const last = host === client ? 2 : 1;
      return [
        [host, `ip addr add 10.8.0.${last}/24 dev wg0`],
        [host, `ip addr add 2001:db8:8::${last}/64 dev wg0 nodad`],
        [host, `ip addr add 192.168.1.${last}/24 dev eth0`],
        [host, 'ip link set wg0 up'],
        [host, 'ip link set eth0 up'],
      ];
    }),
    [client, 'ip route add default via 10.8.0.1'],
    [client, 'ip route add default via 2001:db8:8::1'],
    [swarm, 'ip addr replace 198.18.0.10/32 dev lo'],
    [swarm, 'ip addr replace 198.18.0.11/32 dev lo'],
    ...DHT_NODES.map(({ address }): readonly [Host, string] => [swarm, `ip addr replace ${address}/32 dev lo`]),
  ];
  for (const [host, command] of commands) {
    const [program = '', ...args] = command.split(' ');
    await host.run([program, ...args]);
  }
}

class NamespaceHost implements Host {
  readonly name: HostName;
  readonly folder: string;
  readonly holder: number;

  constructor(name: HostName, folder: string, holder: number) {
    this.name = name;
    this.folder = folder;
    this.holder = holder;
  }

  async run(argv: Argv, options: RunOptions = {}) {
    const child = this.#enter(argv, options.env ?? {}, undefined, false, options.signal);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    const [code, signal] = await ended(child, 'close');
    if (code !== 0 && options.anyStatus !== true) {
      throw new Error(`${argv.join(' ')} on ${this.name} ended with ${String(code ?? signal)}: ${stderr}`);
    }
    return { status: { code, signal }, stdout, stderr };
  }

  async spawn(argv: Argv, options: SpawnOptions = {}): Promise<RunningProcess> {
    const child = this.#enter(argv, options.env ?? {}, options.cwd, options.unprivileged === true);
    // Not until its pipes close too: a helper of the client's may hold them for longer than the client lives.
    const exited = ended(child, 'exit').then(([code, signal]): ExitStatus => ({ code, signal }));
    await once(child, 'spawn');
    return {
      pid: child.pid ?? 0,
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      exited,
      signal: (signal) => void child.kill(signal),
    };
  }

  #enter(
    argv: Argv,
    env: Readonly<Record<string, string>>,
    cwd: string | undefined,
    drop: boolean,
    signal?: AbortSignal,
  ) {
    const user = ['setpriv', `--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, '--clear-groups', '--'];
    const enter = ['--target', String(this.holder), '--net', '--mount', `--wd=${cwd ?? '/'}`, '--'];
    return spawn('nsenter', [...enter, ...(drop ? user : []), ...argv], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

function ended(child: ChildProcess, event: 'exit' | 'close'): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once(event, (code, signal) => resolve([code, signal]));
  });
}
