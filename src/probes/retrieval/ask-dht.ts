/**
 * Asks a DHT node for the torrent's peers (BEP 5), as a node that says it only reads (BEP 43), so that nobody puts the
 * retrieval into a routing table. One question to one node: no look-up, since each node is asked in its own right.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import bencode from 'bencode';
import * as z from 'zod';
import type { Endpoint } from '../../records/identity.ts';
import { unpackEndpoints } from '../swarm/compact.ts';
import { decode } from '../swarm/messages.ts';

/** A node of the lab answers in milliseconds; a loaded machine takes longer. */
const PATIENCE_MS = 2000;

const bytes = z.instanceof(Uint8Array);
const responseSchema = z.object({
  t: bytes,
  r: z.object({ values: z.array(bytes).optional(), token: bytes.optional() }),
});
type Response = z.infer<typeof responseSchema>['r'];

export class DhtAsker {
  readonly address: string;
  readonly #id: Buffer;
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (response: Response) => void>();

  private constructor(address: string, socket: Socket) {
    this.address = address;
    this.#id = createHash('sha1').update(`retrieval ${address}`).digest();
    this.#socket = socket;
    socket.on('message', (message) => {
      const response = responseSchema.safeParse(decode(message)).data;
      if (response !== undefined) this.#waiting.get(Buffer.from(response.t).toString('hex'))?.(response.r);
    });
  }

  static open(address: string): Promise<DhtAsker> {
    const socket = createSocket('udp4');
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, address, () => resolve(new DhtAsker(address, socket)));
    });
  }

  /** Peers the node names, and the token it would want with an announce; null when it does not answer. */
  async getPeers(
    node: Endpoint,
    infoHash: string,
  ): Promise<{ readonly peers: readonly Endpoint[]; readonly token: Uint8Array | null } | null> {
    const response = await this.#ask(node, 'get_peers', { info_hash: Buffer.from(infoHash, 'hex') });
    if (response === null) return null;
    const peers = (response.values ?? []).flatMap((value) => unpackEndpoints(value, value.length === 18 ? 16 : 4));
    return { peers, token: response.token ?? null };
  }

  /** Announces a peer at this asker's own address; true when the node took it. */
  async announce(node: Endpoint, infoHash: string, port: number): Promise<boolean> {
    const asked = await this.getPeers(node, infoHash);
    const token = asked?.token ?? null;
    if (token === null) return false;
    const content = { info_hash: Buffer.from(infoHash, 'hex'), port, token: Buffer.from(token) };
    return (await this.#ask(node, 'announce_peer', content)) !== null;
  }

  close(): void {
    this.#socket.close();
  }

  #ask(node: Endpoint, query: string, content: object): Promise<Response | null> {
    const transaction = randomBytes(4);
    const key = transaction.toString('hex');
    const message = bencode.encode({ t: transaction, y: 'q', q: query, ro: 1, a: { id: this.#id, ...content } });
    return new Promise((resolve) => {
      const settle = (response: Response | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(key);
        resolve(response);
      };
      const timer = setTimeout(() => settle(null), PATIENCE_MS);
      this.#waiting.set(key, settle);
      this.#socket.send(message, node.port, node.address);
    });
  }
}
