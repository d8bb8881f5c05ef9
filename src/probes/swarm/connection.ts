/**
 * One connection of an observer with a peer: bittorrent-protocol's wire over TCP or uTP, plain or MSE. It seeds (all
 * pieces, unchoke, blocks at the observer's rate) and reports what it meets, with the instant at which the bytes that
 * carried it reached JavaScript.
 *
 * `peer-piece` says that a block was handed to the socket, not that the peer has it: after a fall the kernel still
 * takes what fits its send buffer. Nothing about a connection that never sends a byte is reported before it closes.
 */
import type { Duplex } from 'node:stream';
import type Wire from 'bittorrent-protocol';
import utMetadata from 'ut_metadata';
import type { PeerExchange } from 'ut_pex';
import type { InstantNs } from '../../contracts/clock.ts';
import { CANARY_INFO_HASH } from '../canary.ts';
import type { Endpoint } from '../../records/identity.ts';
import { addressBytes, endpointText } from './compact.ts';
import type { SwarmConfig } from './swarm-config.ts';
import type { SwarmContext } from './context.ts';
import { GuardedWire, pexThatTells } from './guarded-wire.ts';
import { fullBitfield, mseInfoHash, readExtended, readPex } from './messages.ts';
import type { UploadLimit } from './upload-limit.ts';

export type Transport = 'tcp' | 'utp';

/** A TCP socket or a uTP connection. */
export interface PeerStream extends Duplex {
  setTimeout(milliseconds: number, onTimeout: () => void): unknown;
}

/** The observer a connection belongs to. */
export interface ConnectionOwner {
  readonly config: SwarmConfig['observers'][number];
  readonly features: SwarmConfig['features'];
  readonly peerId: string;
  readonly limit: UploadLimit;
  readonly context: SwarmContext;
  /** Peers to tell of by PEX: those it is connected to (BEP 11), and the other observers. */
  knownPeers(): Iterable<Endpoint>;
  /** The peer can be reached there, and is connected now. */
  onListening(connection: PeerConnection, at: Endpoint): void;
  onPexPeers(peers: readonly Endpoint[]): void;
  onClosed(connection: PeerConnection): void;
}

/** BEP 3: connections without traffic for two minutes are closed; a little more, as keep-alives come late. */
const IDLE_MS = 150_000;
/** Milliseconds a handshake may take, as in webtorrent. */
const HANDSHAKE_MS = 25_000;
/** Bytes waiting in the socket above which no further block is handed to it. */
const FULL_SOCKET_BYTES = 16_384;
/** Nanoseconds between piece events: at most four a second and connection. A moment waits for one, nobody needs all. */
const PIECE_EVENT_NS = 250_000_000;
/** Most bytes a peer may ask for at once; nobody asks for more (clients ask for 16 KiB). */
const LARGEST_BLOCK_BYTES = 128 * 1024;

/**
 * Milliseconds between two keep-alives to a peer that has not said yet which extensions it has, and how many at most.
 */
const NUDGE_MS = 200;
const NUDGES = 15;

export class PeerConnection {
  readonly remote: Endpoint;
  readonly #stream: PeerStream;
  readonly #transport: Transport;
  readonly #direction: 'incoming' | 'outgoing';
  readonly #owner: ConnectionOwner;
  readonly #wire: Wire;
  #pex: PeerExchange | null = null;
  #seenNs: InstantNs;
  #reported = false;
  #canary = false;
  #encrypted = false;
  #closed = false;
  #uploadedBytes = 0;
  #pieceEventNs = Number.NEGATIVE_INFINITY;

  constructor(
    stream: PeerStream,
    transport: Transport,
    direction: 'incoming' | 'outgoing',
    remote: Endpoint,
    owner: ConnectionOwner,
  ) {
    this.#stream = stream;
    this.#transport = transport;
    this.#direction = direction;
    this.remote = remote;
    this.#owner = owner;
    this.#seenNs = owner.context.clock.nowNs();
    // Outgoing connections are plain: every client accepts them by default, and a knock is told by its first bytes.
    this.#wire = new GuardedWire(
      transport + (direction === 'incoming' ? 'Incoming' : 'Outgoing'),
      direction === 'incoming' ? 1 : 0,
    );
    this.#joinStream();
    this.#followWire();
    if (direction === 'outgoing') {
      this.#reportConnection(this.#seenNs);
      this.#greet();
    }
  }

  /** Tells the peer of another one, with the next PEX message. */
  tell(peer: Endpoint): void {
    if (peer.address === this.remote.address) return;
    if (peer.address.includes(':')) this.#pex?.addPeer6(endpointText(peer));
    else this.#pex?.addPeer(endpointText(peer));
  }

  /** Takes it back, with the next PEX message: the observer is not connected there any more. */
  untell(peer: Endpoint): void {
    if (peer.address.includes(':')) this.#pex?.dropPeer6(endpointText(peer));
    else this.#pex?.dropPeer(endpointText(peer));
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.destroy();
    this.#pex?.reset();
    this.#wire.setKeepAlive(false);
    this.#wire.destroy();
    this.#owner.onClosed(this);
    if (this.#canary) return;
    const atNs = this.#owner.context.clock.nowNs();
    this.#reportConnection(this.#seenNs);
    this.#owner.context.report({ kind: 'peer-closed', atNs, ...this.#source() });
  }

  #joinStream(): void {
    const acceptedNs = this.#seenNs;
    const silent = setTimeout(() => this.destroy(), HANDSHAKE_MS);
    this.#stream.on('data', (chunk: Buffer) => {
      this.#seenNs = this.#owner.context.clock.nowNs();
      if (!this.#reported) {
        // A canary must not read as a visit of its sender: what follows is reported only for others.
        this.#canary = chunk.toString('hex', 28, 48) === CANARY_INFO_HASH;
        if (!this.#canary) this.#reportConnection(acceptedNs);
      }
      this.#wire.write(chunk);
    });
    this.#stream.on('error', () => this.destroy());
    this.#stream.on('end', () => this.destroy());
    this.#stream.on('close', () => {
      clearTimeout(silent);
      this.destroy();
    });
    this.#stream.on('drain', () => this.#owner.limit.wake());
    this.#stream.setTimeout(IDLE_MS, () => this.destroy());
    this.#wire.on('data', (chunk) => {
      if (!this.#closed) this.#stream.write(chunk);
    });
    this.#wire.on('error', () => this.destroy());
    this.#wire.on('close', () => this.destroy());
    this.#wire.on('finish', () => this.destroy());
    this.#wire.once('handshake', () => clearTimeout(silent));
  }

  #followWire(): void {
    const { context } = this.#owner;
    this.#wire.once('crypto-infohash', (hash) => {
      this.#encrypted = true;
      if (hash === mseInfoHash(context.payload.infoHash)) this.#wire.setInfoHash(context.payload.infoHash);
      else this.destroy();
    });
    this.#wire.once('handshake', (infoHash, peerId, { fast, extended }) => {
      context.report({
        kind: 'peer-handshake',
        atNs: this.#seenNs,
        ...this.#source(),
        transport: this.#transport,
        direction: this.#direction,
        infoHash,
        peerId,
        encrypted: this.#encrypted,
      });
      if (infoHash !== context.payload.infoHash || peerId === this.#owner.peerId) {
        this.destroy();
        return;
      }
      if (this.#direction === 'incoming') this.#greet();
      this.#wire.setKeepAlive(true);
      if (fast) this.#wire.haveAll();
      else this.#wire.bitfield(fullBitfield(context.payload.pieces));
      if (extended) this.#nudge();
    });
    this.#wire.on('interested', () => this.#wire.unchoke());
    this.#wire.on('extended', (extension, content) => {
      if (extension === 'handshake') this.#onExtended(content);
      if (extension === 'ut_pex') this.#onPex(content);
    });
    this.#wire.on('request', (piece, offset, length, respond) => {
      const { pieces, pieceBytes } = context.payload;
      if (piece >= pieces || length > LARGEST_BLOCK_BYTES || offset + length > pieceBytes.length) {
        respond(new RangeError(`no such block: piece ${piece}, offset ${offset}, length ${length}`));
        return;
      }
      this.#owner.limit.add({
        bytes: length,
        state: () => (this.#closed ? 'gone' : this.#stream.writableLength > FULL_SOCKET_BYTES ? 'waiting' : 'ready'),
        send: () => respond(null, pieceBytes.subarray(offset, offset + length)),
      });
    });
    this.#wire.on('upload', (bytes) => this.#onUpload(bytes));
  }

  /** Sends our handshake; the extension handshake follows by itself once the peer's is there. */
  #greet(): void {
    const { features, context, config, peerId } = this.#owner;
    this.#wire.extendedHandshake = {
      v: 'killswitch-lab observer',
      p: config.port,
      reqq: 250,
      yourip: addressBytes(this.remote.address),
    };
    if (features.metadata) this.#wire.use(utMetadata(context.payload.info));
    if (features.pex) this.#wire.use(this.#pexExtension());
    this.#wire.handshake(context.payload.infoHash, peerId, { dht: false, fast: true });
  }

  #pexExtension(): typeof PeerExchange {
    const connected = (pex: PeerExchange): void => {
      this.#pex = pex;
      for (const peer of this.#owner.knownPeers()) this.tell(peer);
      pex.start();
      // BEP 11 bounds messages to one a minute; the first may come at once, as libtorrent's does within a second.
      pex._sendMessage();
    };
    return pexThatTells(connected);
  }

  #onExtended(content: unknown): void {
    const handshake = readExtended(content);
    if (handshake === null) return;
    this.#wire.keepAlive();
    this.#owner.context.report({ kind: 'peer-extended', atNs: this.#seenNs, ...this.#source(), ...handshake });
    if (handshake.listenPort !== null && handshake.listenPort > 0) {
      this.#owner.onListening(this, { address: this.remote.address, port: handshake.listenPort });
    }
  }

  /**
   * Transmission 3.00 leaves what came in one read with the handshake (our extension handshake, have-all) lying in its
   * buffer until more arrives, which from a silent seed is never, and takes an interest in whom it has heard every 10 s
   * only: something harmless has to follow, until its own extension handshake shows that it reads.
   */
  #nudge(): void {
    let left = NUDGES;
    const timer = setInterval(() => {
      this.#wire.keepAlive();
      if (--left === 0) clearInterval(timer);
    }, NUDGE_MS);
    const stop = (): void => clearInterval(timer);
    this.#wire.once('close', stop);
    this.#wire.on('extended', (extension) => {
      if (extension === 'handshake') stop();
    });
  }

  #onPex(content: unknown): void {
    const exchange = content instanceof Uint8Array ? readPex(content) : null;
    if (exchange === null) return;
    this.#owner.context.report({
      kind: 'peer-pex',
      atNs: this.#seenNs,
      ...this.#source(),
      added: exchange.added.map(endpointText),
      dropped: exchange.dropped.map(endpointText),
    });
    this.#owner.onPexPeers(exchange.added);
  }

  #onUpload(bytes: number): void {
    this.#uploadedBytes += bytes;
    const atNs = this.#owner.context.clock.nowNs();
    if (atNs - this.#pieceEventNs < PIECE_EVENT_NS) return;
    this.#pieceEventNs = atNs;
    this.#owner.context.report({ kind: 'peer-piece', atNs, ...this.#source(), totalBytes: this.#uploadedBytes });
  }

  #reportConnection(atNs: InstantNs): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#owner.context.report({
      kind: 'peer-connection',
      atNs,
      ...this.#source(),
      transport: this.#transport,
      direction: this.#direction,
    });
  }

  #source(): { party: string; sourceAddress: string; sourcePort: number } {
    return { party: this.#owner.config.id, sourceAddress: this.remote.address, sourcePort: this.remote.port };
  }
}
