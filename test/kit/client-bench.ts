/**
 * The bench that the clients' compliance suite tries a client on: its two hosts and their swarm, jobs for clients, and what
 * can be told of a client from outside.
 */
import assert from 'node:assert/strict';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { listeningSockets } from '../../src/clients/loopback.ts';
import type { ClientFeatures, ClientJob, RunningClient, TorrentClient } from '../../src/contracts/client.ts';
import type { Host, Need } from '../../src/contracts/host.ts';
import { DHT_NODES, openTwoHosts, type TwoHosts, UNPRIVILEGED } from './client-namespace.ts';
import { Swarm } from './client-swarm.ts';
import type { LabPlace, Place } from './lab-places.ts';

export const PEER_PORT = 51413;
const CONTROL_PORT = 18080;
/** Longest start, in seconds: a Java virtual machine on a busy machine. */
export const START_SECONDS = 30;
/** Longest wait for payload: Transmission looks for a gateway for 8 s, then takes an interest every 10 s. */
export const PAYLOAD_SECONDS = 40;
/** CTorrent waits for half of it before it is told again. */
export const STOP_SECONDS = 16;
/** Longest life of a client's helpers after the client itself. */
const LEFTOVER_SECONDS = 5;
/** Enough that no client has it all within a moment. */
const PAYLOAD_MEGABYTES = 16;

export const DEFAULTS: ClientFeatures = {
  dht: 'default',
  pex: 'default',
  lsd: 'default',
  portMapping: 'default',
  utp: 'default',
  encryption: 'default',
};

class ClientBench implements AsyncDisposable {
  /** Host that clients run on. */
  readonly host: Host;
  readonly swarm: Swarm;
  readonly #hosts: TwoHosts;
  #folders = 0;

  private constructor(hosts: TwoHosts, swarm: Swarm) {
    this.host = hosts.client;
    this.swarm = swarm;
    this.#hosts = hosts;
  }

  static async open(place: Place): Promise<ClientBench> {
    const hosts = await openTwoHosts(place);
    try {
      return new ClientBench(hosts, await Swarm.start(hosts.swarm, hosts.client.folder, PAYLOAD_MEGABYTES));
    } catch (error) {
      await hosts[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hosts[Symbol.asyncDispose]();
  }

  /** A job with folders of its own, not bound and with every feature left at its default but for `changes`. */
  async newJob(changes: Partial<ClientJob> = {}): Promise<ClientJob> {
    const folder = join(this.host.folder, `job-${this.#folders++}`);
    const [stateFolder, downloadFolder] = [join(folder, 'state'), join(folder, 'downloads')];
    for (const each of [folder, stateFolder, downloadFolder]) {
      await mkdir(each);
      await chown(each, UNPRIVILEGED, UNPRIVILEGED);
    }
    return {
      torrent: { file: this.swarm.torrentFile },
      stateFolder,
      downloadFolder,
      binding: { kind: 'none' },
      features: DEFAULTS,
      peerPort: PEER_PORT,
      controlPort: CONTROL_PORT,
      dhtBootstrap: DHT_NODES,
      ...changes,
    };
  }

  /** Starts it, uses it, and stops it whatever happened. */
  async running(client: TorrentClient, job: ClientJob, use: (started: RunningClient) => Promise<void>): Promise<void> {
    this.swarm.forget();
    const started = await client.start(this.host, job, AbortSignal.timeout(START_SECONDS * 1000));
    try {
      await use(started);
    } catch (error) {
      const log = (await started.logTail(20)).join('\n  ');
      throw new Error(`${client.id}: its log ends with\n  ${log}`, { cause: error });
    } finally {
      await started.stop(STOP_SECONDS);
      await this.#nothingListens(client);
    }
  }

  /** Where its processes listen on the peer port, by the kernel, once they do. */
  async peerSockets({ pids }: RunningClient): Promise<readonly string[]> {
    for (let tries = 0; tries < 50; tries++) {
      const sockets = await listeningSockets(this.host, pids);
      const peer = sockets.filter((socket) => socket.endsWith(`:${PEER_PORT}`));
      if (peer.length > 0) return peer;
      await delay(100);
    }
    return [];
  }

  /** Waits until the process is gone: helpers end a little after the client. */
  async gone(pid: number): Promise<void> {
    const there = async (): Promise<boolean> =>
      (await this.host.run(['test', '-e', `/proc/${pid}`], { anyStatus: true })).status.code === 0;
    for (let tries = 0; await there(); tries++) {
      assert.ok(tries < 50, `process ${pid} of the client is still there`);
      await delay(100);
    }
  }

  /** Kills whatever has a port on the client's host. */
  async freePorts(): Promise<void> {
    const lines = await this.#listening();
    const pids = lines.flatMap((line) => [...line.matchAll(/pid=(\d+)/g)].map(([, pid = '']) => pid));
    if (pids.length > 0) await this.host.run(['kill', '-KILL', ...pids], { anyStatus: true });
  }

  /** What has a port on the client's host: the lines of ss that name a process. */
  async #listening(): Promise<readonly string[]> {
    const asked = await this.host.spawn(['ss', '-H', '-tulnp'], { unprivileged: true });
    return (await text(asked.stdout)).split('\n').filter((line) => line.includes('pid='));
  }

  /** Fails when something of the client's outlives it by more than a moment. */
  async #nothingListens(client: TorrentClient): Promise<void> {
    const deadline = performance.now() + LEFTOVER_SECONDS * 1000;
    for (let left = await this.#listening(); left.length > 0; left = await this.#listening()) {
      if (performance.now() > deadline) {
        assert.fail(`${LEFTOVER_SECONDS} s after the end of ${client.id} there still listens:\n${left.join('\n')}`);
      }
      await delay(100);
    }
  }
}

/** The bench of the description that it was asked for in; `bench` gives it to hooks and tests. */
export interface ClientsPlace {
  readonly where: LabPlace['where'];
  bench(): ClientBench;
}

/**
 * Has the description it is called in open a bench before its tests and close it after them. Its tests are skipped for
 * who is not root, and where there is no engine for containers. `needs`: packages of the client's host.
 */
export function clientsIn({ where, open }: LabPlace, needs: readonly Need[]): ClientsPlace {
  let opened: ClientBench | undefined;

  before(async function () {
    this.timeout((START_SECONDS + PAYLOAD_SECONDS + STOP_SECONDS) * 1000);
    if (process.getuid?.() !== 0) this.skip(); // network namespaces, and files of another user's, take root
    opened = await ClientBench.open(await open(this, needs));
  });

  /** A test that failed, or ran out of its time, may have left what would hold the ports of every client to come. */
  afterEach(async function () {
    if (this.currentTest?.isFailed() === true) await opened?.freePorts();
  });

  after(async () => {
    await opened?.[Symbol.asyncDispose]();
  });

  return {
    where,
    bench: () => opened ?? assert.fail('the bench is opened before the tests, not while they are named'),
  };
}
