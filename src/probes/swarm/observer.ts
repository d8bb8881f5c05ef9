/**
 * An observer: a seed of the torrent on an address of its own, listening over TCP (IPv4, IPv6) and uTP (IPv4: libutp's
 * binding has no IPv6) on one port, and following up the addresses it learns. Everything it meets is reported by its
 * connections.
 */
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import Utp from 'utp-native';
import { nonceIn } from '../canary.ts';
import type { Endpoint } from '../../records/identity.ts';
import { endpointText } from './compact.ts';
import type { SwarmConfig } from './swarm-config.ts';
import { PeerConnection, type ConnectionOwner, type PeerStream, type Transport } from './connection.ts';
import type { SwarmContext, SwarmMember } from './context.ts';
import { Knocks } from './knocks.ts';
import { UploadLimit } from './upload-limit.ts';

type ObserverConfig = SwarmConfig['observers'][number];

/** Milliseconds a connection may take, as in webtorrent for TCP and uTP. */
const CONNECT_MS = 5_000;

export class Observer implements ConnectionOwner, SwarmMember {
  readonly config: ObserverConfig;
  readonly features: SwarmConfig['features'];
  readonly peerId: string;
  readonly limit: UploadLimit;
  readonly context: SwarmContext;
  readonly #others: readonly Endpoint[];
  readonly #marked: ReadonlySet<string>;
  /** Endpoints of the other observers, as far as peers are told of them. */
  #told: readonly Endpoint[];
  readonly #knocks: Knocks | null;
  /** Where each connected peer can be reached, once known. */
  readonly #connections = new Map<PeerConnection, Endpoint | null>();
  readonly #servers: Server[] = [];
  readonly #utp: Utp | null;

  private constructor(config: ObserverConfig, swarm: SwarmConfig, context: SwarmContext) {
    this.config = config;
    this.features = swarm.features;
    this.context = context;
    this.peerId = Buffer.from(`-KL0001-${config.id}`.padEnd(20, '-').slice(0, 20), 'latin1').toString('hex');
    this.limit = new UploadLimit(config.uploadBytesPerSecond);
    this.#others = swarm.observers.filter(({ id }) => id !== config.id).flatMap(endpointsOf);
    this.#told = this.#others;
    this.#marked = new Set(
      swarm.observers.flatMap((each) => (each.marked === true ? endpointsOf(each).map(({ address }) => address) : [])),
    );
    this.#utp = swarm.features.utp ? new Utp({ allowHalfOpen: false }) : null;
    this.#knocks =
      swarm.features.knocks === null
        ? null
        : new Knocks(
            swarm.features.knocks,
            this.#utp !== null,
            (at, transport) => this.#dial(at, transport),
            (at) => this.#isConnected(at),
          );
  }

  /** Starts an observer; resolves when it listens. */
  static async start(config: ObserverConfig, swarm: SwarmConfig, context: SwarmContext): Promise<Observer> {
    const observer = new Observer(config, swarm, context);
    await observer.#listen();
    return observer;
  }

  /** An address of a peer of the torrent, heard of from a tracker, a DHT node or another peer. */
  learn(at: Endpoint): void {
    const own = [...this.#others, ...endpointsOf(this.config)];
    if (at.port === 0 || own.some(({ address }) => address === at.address)) return;
    this.#knocks?.learn(at);
  }

  /** Tells nobody of marked peers any more. Who was told is not told otherwise. */
  forgetMarked(): void {
    this.#told = this.#told.filter((at) => !this.#marked.has(at.address));
  }

  *knownPeers(): Iterable<Endpoint> {
    yield* this.#told;
    for (const at of this.#connections.values()) if (at !== null) yield at;
  }

  onListening(connection: PeerConnection, at: Endpoint): void {
    this.#connections.set(connection, at);
    for (const other of this.#connections.keys()) if (other !== connection) other.tell(at);
    this.learn(at);
  }

  onPexPeers(peers: readonly Endpoint[]): void {
    for (const peer of peers) this.learn(peer);
  }

  onClosed(connection: PeerConnection): void {
    const at = this.#connections.get(connection);
    this.#connections.delete(connection);
    if (at !== undefined && at !== null && !this.#isConnected(at)) {
      for (const other of this.#connections.keys()) other.untell(at);
    }
    this.limit.wake();
    this.#knocks?.lost(at ?? connection.remote);
  }

  stop(): void {
    this.#knocks?.stop();
    this.limit.stop();
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections.keys()) connection.destroy();
    this.#utp?.close();
  }

  /**
   * Whether a peer is connected, by the address it can be reached at, or (uTP, and what we dialled) by the one it came
   * from.
   */
  #isConnected(at: Endpoint): boolean {
    const text = endpointText(at);
    return [...this.#connections].some(([{ remote }, listening]) =>
      [remote, ...(listening === null ? [] : [listening])].some((end) => endpointText(end) === text),
    );
  }

  async #listen(): Promise<void> {
    for (const { address, port } of endpointsOf(this.config)) {
      const server = createServer({ noDelay: true }, (socket) => {
        const remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
        if (remote.address === '') socket.destroy();
        else this.#accept(socket, 'tcp', 'incoming', remote);
      });
      server.on('error', (error) => this.context.warn(this.config.id, error));
      this.#servers.push(server.listen(port, address));
    }
    const listening = this.#servers.map((server) => once(server, 'listening'));
    if (this.#utp !== null) {
      this.#utp.on('error', (error) => this.context.warn(this.config.id, error));
      this.#utp.on('connection', (stream) => {
        this.#accept(stream, 'utp', 'incoming', { address: stream.remoteAddress, port: stream.remotePort });
      });
      this.#utp.on('message', (message, { address, port }) => this.#onDatagram(message, { address, port }));
      listening.push(once(this.#utp, 'listening'));
      this.#utp.listen(this.config.port, this.config.address4);
    }
    await Promise.all(listening);
  }

  #onDatagram(message: Buffer, source: Endpoint): void {
    const atNs = this.context.clock.nowNs();
    const nonce = nonceIn(message);
    if (nonce === null) return;
    this.context.report({ canary: 'peer-utp', nonce, atNs, sourceAddress: source.address, sourcePort: source.port });
  }

  #dial(at: Endpoint, transport: Transport): void {
    if (transport === 'utp') {
      if (this.#utp === null) return;
      const stream = this.#utp.connect(at.port, at.address);
      this.#await(stream, transport, at);
      return;
    }
    const localAddress = at.address.includes(':') ? this.config.address6 : this.config.address4;
    if (localAddress === null) return;
    this.#await(connect({ host: at.address, port: at.port, localAddress, noDelay: true }), transport, at);
  }

  /** Makes a connection of the stream once it is there; gives it up when it is not in time. */
  #await(stream: PeerStream, transport: Transport, at: Endpoint): void {
    const giveUp = setTimeout(() => stream.destroy(), CONNECT_MS);
    stream.on('error', () => undefined); // Refused or unreachable: what a knock usually meets.
    stream.once('close', () => clearTimeout(giveUp));
    stream.once('connect', () => {
      clearTimeout(giveUp);
      this.#connections.set(this.#accept(stream, transport, 'outgoing', at), at);
    });
  }

  #accept(
    stream: PeerStream,
    transport: Transport,
    direction: 'incoming' | 'outgoing',
    remote: Endpoint,
  ): PeerConnection {
    const connection = new PeerConnection(stream, transport, direction, remote, this);
    this.#connections.set(connection, null);
    return connection;
  }
}

function endpointsOf({ address4, address6, port }: ObserverConfig): Endpoint[] {
  return [address4, address6].flatMap((address) => (address === null ? [] : [{ address, port }]));
}
