/**
 * A user's own stack in a lab: the VPN's and the client's containers, as the compose file describes them, in the network
 * namespace of the lab's client host, behind its router. Faults and instruments are the lab's; what is in the containers
 * is the user's and is not asked anything.
 *
 * They share the lab's PID namespace, so that nothing of a killed run stays and faults reach the tunnel's daemon.
 */
import type Docker from 'dockerode';
import * as z from 'zod';
import { SWARM } from '../../../contracts/addresses.ts';
import { SPEAKS_ALL, type ClientJob, type RunningClient, type TorrentClient } from '../../../contracts/client.ts';
import type { ExitStatus, Host } from '../../../contracts/host.ts';
import { RequestError, Unsupported, describeExit } from '../../../contracts/errors.ts';
import { abortedBy, until } from '../../../contracts/until.ts';
import { SERVER_DEVICE } from '../../../programs/wireguard.ts';
import type { Handover } from '../tunnel.ts';
import {
  bindOf,
  composeServiceSchema,
  filledIn,
  tunnelDevice,
  type ComposeService,
  type HandedOver,
} from './compose.ts';
import { MOST_PROCESSES, harnessGroup, lentDevice } from './containers.ts';
import { LABEL, partStreams, removeContainer } from './engine.ts';

/** Stack as it crosses to the trial's process: the images are there, nothing is left to be built. */
export const stackSchema = z.object({
  folder: z.string(),
  device: tunnelDevice,
  client: composeServiceSchema,
  vpn: composeServiceSchema,
});
export type Stack = z.infer<typeof stackSchema>;

export interface StackPlace {
  /** The containers whose network and PID namespaces the stack's join. */
  readonly network: string;
  readonly processes: string;
  /** Begins the names of the lab's containers. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where a userspace WireGuard has its control sockets: shared with the lab, which reconnects through them. */
  readonly sockets: string;
  /** Whether the stack's own kill switch is on; false in the arm «none». */
  readonly guarded: boolean;
}

/**
 * What the engine gives a container and a stack has no use for: devices of its own making, and files that are others'. A
 * stack's programs are not started by the lab, which could bound them one by one: their containers are.
 */
const REFUSED = ['MKNOD', 'DAC_OVERRIDE'];
/** Memory of a container, in bytes: eight times what the largest client of the catalogue takes. */
const MOST_MEMORY = 4 * 2 ** 30;

const TUNNEL_SECONDS = 30;
const POLL_MS = 100;
const LOG_CHARACTERS = 8000;
const exitSchema = z.looseObject({ StatusCode: z.number() });

interface Started {
  readonly container: Docker.Container;
  readonly exited: Promise<ExitStatus>;
  readonly log: () => readonly string[];
}

export class StackContainers {
  readonly #docker: Docker;
  readonly #stack: Stack;
  readonly #place: StackPlace;
  #handedOver: HandedOver = {};
  #vpn: Started | null = null;

  constructor(docker: Docker, stack: Stack, place: StackPlace) {
    this.#docker = docker;
    this.#stack = stack;
    this.#place = place;
  }

  /** Starts the VPN; resolves when the server has seen its handshake and the client host's way leads into the tunnel. */
  async vpnUp(host: Host, server: Host, handover: Handover): Promise<void> {
    this.#handedOver = { ...handover, KSL_KILL_SWITCH: this.#place.guarded ? 'on' : 'off' };
    const sysctls = Object.entries(this.#stack.vpn.sysctls).map(([name, value]) => `${name}=${value}`);
    if (sysctls.length > 0) await host.run(['sysctl', '-q', '-w', ...sysctls]);
    const vpn = await this.#start('stack-vpn', this.#stack.vpn);
    this.#vpn = vpn;
    const log = (): string => `its log ends with: ${vpn.log().slice(-10).join(' | ')}`;
    await until(() => this.#carries(host, server), {
      what: "the tunnel of the stack's VPN",
      everyMs: POLL_MS,
      patienceMs: TUNNEL_SECONDS * 1000,
      signal: abortedBy(
        vpn.exited,
        (status) => new Error(`the stack's VPN: it ended with ${describeExit(status)}; ${log()}`),
      ),
      detail: log,
    });
  }

  async vpnDown(): Promise<void> {
    if (this.#vpn === null) return;
    await this.#vpn.container.stop();
    await this.#vpn.exited;
  }

  async #carries(host: Host, server: Host): Promise<boolean> {
    const { stdout } = await server.run(['wg', 'show', SERVER_DEVICE, 'latest-handshakes']);
    if (!/\t[1-9]/.test(stdout)) return false;
    const way = await host.run(['ip', 'route', 'get', SWARM.tracker.v4], { anyStatus: true });
    return way.stdout.includes(` dev ${this.#stack.device} `);
  }

  /** The client's container as the harness knows clients. */
  get client(): TorrentClient {
    const { client } = this.#stack;
    return {
      id: 'stack',
      title: 'the stack’s own client',
      needs: [],
      bindings: ['none'],
      speaks: { ...SPEAKS_ALL, webrtc: false, magnet: false },
      changes: [],
      persists: [],
      version: () => Promise.resolve(client.image ?? ''),
      start: (host, job) => this.#startClient(host, job),
    };
  }

  async #startClient(host: Host, job: ClientJob): Promise<RunningClient> {
    if (!('file' in job.torrent)) throw new Unsupported('a stack is handed a .torrent file, not a magnet link');
    this.#handedOver = { ...this.#handedOver, KSL_TORRENT: job.torrent.file, KSL_DOWNLOADS: job.downloadFolder };
    const { container, exited, log } = await this.#start('stack-client', this.#stack.client);
    const unasked = (): Promise<never> => Promise.reject(new Unsupported('a stack’s client is not asked anything'));
    return {
      pids: await processesOf(host, container.id),
      exited,
      status: unasked,
      addresses: unasked,
      logTail: (lines) => Promise.resolve(log().slice(-lines)),
      async stop(patienceSeconds) {
        await container.stop({ t: patienceSeconds }).catch(() => undefined); // It may have ended by itself.
        return exited;
      },
    };
  }

  async #start(name: 'stack-client' | 'stack-vpn', service: ComposeService): Promise<Started> {
    const fill = (value: string): string => filledIn(value, this.#handedOver);
    const { network, processes, labels, sockets } = this.#place;
    const binds: string[] = [];
    for (const volume of service.volumes) binds.push(await this.#bind(volume, name));
    const container = await this.#docker.createContainer({
      name: `${this.#place.name}-${name}`,
      Image: service.image ?? '',
      ...(service.command && { Cmd: service.command.map(fill) }),
      ...(service.entrypoint && { Entrypoint: service.entrypoint.map(fill) }),
      ...(service.user !== undefined && { User: service.user }),
      Env: Object.entries(service.environment).map(([key, value]) => `${key}=${fill(value)}`),
      Labels: { ...labels, [LABEL.project]: name },
      AttachStdout: true,
      AttachStderr: true,
      HostConfig: {
        AutoRemove: true,
        NetworkMode: `container:${network}`,
        PidMode: `container:${processes}`,
        CapAdd: service.cap_add,
        CapDrop: REFUSED,
        SecurityOpt: ['no-new-privileges'],
        PidsLimit: MOST_PROCESSES,
        Memory: MOST_MEMORY,
        GroupAdd: harnessGroup(),
        Devices: service.devices.map((device) => lentDevice(...bothEnds(device))),
        Binds: [...binds, ...(name === 'stack-vpn' ? [`${sockets}:/var/run/wireguard`] : [])],
        LogConfig: { Type: 'none', Config: {} },
      },
    });
    let kept = '';
    const keep = (chunk: Buffer): void => void (kept = (kept + chunk.toString()).slice(-LOG_CHARACTERS));
    const output = await container.attach({ stream: true, stdout: true, stderr: true });
    partStreams(this.#docker, output, keep, keep);
    output.on('error', () => undefined);
    // Asked for before the start: the answer comes when the engine has removed it.
    const gone: Promise<unknown> = container.wait({ condition: 'removed' });
    const exited = gone.then(
      (answer): ExitStatus => ({ code: exitSchema.parse(answer).StatusCode, signal: null }),
      (): ExitStatus => ({ code: null, signal: 'SIGKILL' }),
    );
    try {
      await container.start();
    } catch (error) {
      await removeContainer(this.#docker, container.id);
      throw error;
    }
    return { container, exited, log: () => kept.split('\n').filter(Boolean) };
  }

  /** Asked again at the start: a link may have changed since the compose file was read. */
  async #bind(volume: string, service: string): Promise<string> {
    const bind = filledIn(await bindOf(this.#stack.folder, volume, `${service}: volumes`), this.#handedOver);
    if (bind.startsWith('/')) return bind;
    throw new RequestError(`${service}: volumes: «${volume}» is handed to the other service, or at another time.`);
  }
}

function bothEnds(device: string): [from: string, to: string] {
  const [from = '', to = from] = device.split(':');
  return [from, to];
}

/**
 * Processes of a container in the lab's PID namespace, the oldest first: the kernel names each one's container in its
 * cgroup.
 */
async function processesOf(host: Host, container: string): Promise<readonly number[]> {
  const { stdout } = await host.run(['sh', '-c', 'grep -l -- "$0" /proc/[0-9]*/cgroup', container], {
    anyStatus: true,
  });
  return [...stdout.matchAll(/^\/proc\/(\d+)\//gm)].map((match) => Number(match[1])).sort((a, b) => a - b);
}
