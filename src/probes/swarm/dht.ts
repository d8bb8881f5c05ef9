/**
 * The DHT: nodes of bittorrent-dht, each on an address of its own (libtorrent keeps one node per /24), knowing each
 * other and holding the observers as peers of the torrent, so that the first get_peers yields them. Every query is
 * reported with its source, by the node that got it.
 *
 * IPv4 only: bittorrent-dht 11 opens an IPv4 socket and reads and writes compact addresses of 6 bytes (BEP 5); it has
 * no BEP 32. IPv6 DHT traffic of a client is seen by the capture alone.
 */
import { createHash } from 'node:crypto';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Client as Dht, type DhtSocket } from 'bittorrent-dht';
import * as z from 'zod';
import { nonceIn } from '../canary.ts';
import { isBencoded } from './bencoding.ts';
import type { SwarmConfig } from './swarm-config.ts';
import type { SwarmContext, SwarmMember } from './context.ts';
import { decode } from './messages.ts';

/** Starts all nodes; resolves when each listens, knows the others and holds the observers. */
export async function startDht(config: SwarmConfig, context: SwarmContext): Promise<SwarmMember> {
  const nodes = await Promise.all(config.dht.map((node) => startNode(node, context)));
  for (const { dht } of nodes) {
    for (const { nodeId, at } of nodes) dht.addNode({ host: at.address, port: at.port, id: nodeId });
    for (const { address4, port, marked } of config.observers) {
      if (marked === true) continue;
      const peer = { host: address4, port };
      dht._addPeer(peer, Buffer.from(context.payload.infoHash, 'hex'), peer);
    }
    dht.on('announce', ({ host, port }, infoHash) => {
      if (infoHash.toString('hex') === context.payload.infoHash) context.onPeerLearnt(host, port);
    });
  }
  return {
    stop: () => nodes.forEach(({ dht }) => dht.destroy()),
    forgetMarked: () => {
      const marked = nodes.filter(({ at }) => at.marked === true);
      for (const { dht } of nodes) for (const { nodeId } of marked) dht.removeNode(nodeId);
    },
  };
}

type NodeConfig = SwarmConfig['dht'][number];

interface RunningNode {
  readonly at: NodeConfig;
  readonly nodeId: Buffer;
  readonly dht: Dht;
}

async function startNode(node: NodeConfig, context: SwarmContext): Promise<RunningNode> {
  const nodeId = verifiableNodeId(node.address, node.id);
  const socket = new GuardedSocket((message, remote) => reportQuery(node.id, message, remote, context));
  const dht = new Dht({ nodeId, bootstrap: false, socket });
  // A canary comes from the client's LAN: its address must not be handed to others as a node's.
  socket.on('canary', (asker) => dht.removeNode(asker));
  socket.on('malformed', (error) => context.warn(node.id, error));
  dht.on('warning', () => undefined); // Malformed datagrams and late replies: traffic, not trouble.
  dht.on('error', (error) => context.warn(node.id, error));
  await new Promise<void>((resolve) => {
    dht.listen(node.port, node.address, resolve);
  });
  return { at: node, nodeId, dht };
}

interface GuardedEvents {
  message: [message: Buffer, remote: RemoteInfo];
  listening: [];
  close: [];
  error: [error: Error];
  canary: [asker: Buffer];
  malformed: [error: Error];
}

/**
 * The datagram socket as the library sees it. Every datagram is reported first, at the first instant JavaScript has;
 * one on which the library throws (a `target` that is a number, say) is a warning instead of the program's end; and one
 * that is no bencoded value, on which its decoder may never end, does not reach it.
 */
class GuardedSocket extends EventEmitter<GuardedEvents> implements DhtSocket {
  readonly #socket = createSocket('udp4');

  /** `report` gives the node id of a query's sender, null for anything else. */
  constructor(report: (message: Buffer, remote: RemoteInfo) => Buffer | null) {
    super();
    for (const event of ['listening', 'close'] as const) this.#socket.on(event, () => this.emit(event));
    this.#socket.on('error', (error) => this.emit('error', error));
    this.#socket.on('message', (message, remote) => {
      const asker = report(message, remote);
      if (!isBencoded(message)) return;
      try {
        this.emit('message', message, remote);
      } catch (error) {
        this.emit('malformed', error instanceof Error ? error : new Error(String(error)));
      }
      if (asker !== null && nonceIn(asker) !== null) this.emit('canary', asker);
    });
  }

  bind(port: number, address: string, onListening: () => void): void {
    this.#socket.bind(port, address, onListening);
  }

  send(message: Uint8Array, offset: number, length: number, port: number, address: string, done: () => void): void {
    this.#socket.send(message, offset, length, port, address, done);
  }

  address(): AddressInfo {
    return this.#socket.address();
  }

  close(): void {
    this.#socket.close();
  }
}

const bytes = z.instanceof(Uint8Array).transform((value) => Buffer.from(value));
/** A query is reported for its source, however wrong its arguments are: what cannot be read is left out. */
const querySchema = z.object({
  q: bytes,
  a: z
    .object({
      id: bytes.catch(Buffer.alloc(0)),
      info_hash: bytes.nullable().catch(null),
      port: z.number().int().min(0).max(65_535).nullable().catch(null),
      implied_port: z.number().catch(0),
    })
    .catch({ id: Buffer.alloc(0), info_hash: null, port: null, implied_port: 0 }),
});
type QueryArguments = z.infer<typeof querySchema>['a'];

/** A query's name and arguments; null for anything that is not a query. */
export function readQuery(message: Buffer): { readonly name: string; readonly a: QueryArguments } | null {
  const query = querySchema.safeParse(decode(message)).data;
  return query === undefined ? null : { name: query.q.toString('latin1'), a: query.a };
}

/** Reports a query; gives the asker's node id, null for anything that is not a query. */
function reportQuery(party: string, message: Buffer, remote: RemoteInfo, context: SwarmContext): Buffer | null {
  const atNs = context.clock.nowNs();
  const query = readQuery(message);
  if (query === null) return null;
  const { name, a } = query;
  const announcedPort = a.implied_port === 0 ? a.port : remote.port;
  context.report({
    kind: 'dht-query',
    atNs,
    party,
    sourceAddress: remote.address,
    sourcePort: remote.port,
    query: name,
    nodeId: a.id.toString('hex'),
    infoHash: a.info_hash?.toString('hex') ?? null,
    port: name === 'announce_peer' ? announcedPort : null,
  });
  return a.id;
}

/** A node id that fits its address as BEP 42 asks (libtorrent prefers such nodes); the rest comes from the name. */
function verifiableNodeId(address: string, name: string): Buffer {
  const id = createHash('sha1').update(`${address} ${name}`).digest();
  const prefix = verifiablePrefix(address, id.readUInt8(19));
  id.writeUInt16BE(prefix >>> 8, 0);
  id.writeUInt8((prefix & 0xf8) | (id.readUInt8(2) & 0x07), 2);
  return id;
}

/**
 * The first 24 bits, of which 21 count, of the CRC32-C that BEP 42 derives from an address and the id's last byte.
 */
export function verifiablePrefix(address: string, lastByte: number): number {
  const masked = address.split('.').map((part, index) => Number(part) & (BEP42_MASK[index] ?? 0));
  masked[0] = (masked[0] ?? 0) | ((lastByte & 7) << 5);
  return crc32c(masked) >>> 8;
}

const BEP42_MASK = [0x03, 0x0f, 0x3f, 0xff];
/** Castagnoli's polynomial, reflected. */
const CRC32C_POLYNOMIAL = 0x82f63b78;

function crc32c(input: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of input) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
