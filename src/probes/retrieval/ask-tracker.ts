/**
 * Asks a tracker for the torrent's peers over HTTP (BEP 3, BEP 7, BEP 48) or UDP (BEP 15), from an address of the
 * retrieval's choice.
 */
import { createSocket } from 'node:dgram';
import { get } from 'node:http';
import { isIPv6 } from 'node:net';
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Endpoint } from '../../records/identity.ts';
import { unpackEndpoints } from '../swarm/compact.ts';
import { decode } from '../swarm/messages.ts';

const PATIENCE_MS = 2000;
/** Number of peers asked for, more than a lab has. */
const WANTED = 200;

export type AnnounceEvent = 'started' | 'stopped' | 'update';

export interface Announce {
  readonly infoHash: string;
  readonly peerId: Buffer;
  readonly port: number;
  readonly event: AnnounceEvent;
}

const bytes = z.instanceof(Uint8Array);
const httpAnswerSchema = z.object({ peers: bytes.optional(), peers6: bytes.optional() });
const scrapeSchema = z.object({
  files: z.record(z.string(), z.object({ complete: z.number(), incomplete: z.number() })),
});

/** Peers it names; null when it does not answer or refuses. */
export async function announceHttp(
  from: string,
  tracker: Endpoint,
  { infoHash, peerId, port, event }: Announce,
): Promise<Endpoint[] | null> {
  const fields = [
    `info_hash=${percent(Buffer.from(infoHash, 'hex'))}`,
    `peer_id=${percent(peerId)}`,
    `port=${port}&uploaded=0&downloaded=0&left=0&compact=1&numwant=${WANTED}`,
    ...(event === 'update' ? [] : [`event=${event}`]),
  ];
  const answer = httpAnswerSchema.safeParse(decode(await fetchFrom(from, tracker, `/announce?${fields.join('&')}`)));
  if (!answer.success) return null;
  const { peers, peers6 } = answer.data;
  return [...(peers ? unpackEndpoints(peers, 4) : []), ...(peers6 ? unpackEndpoints(peers6, 16) : [])];
}

/** How many peers it counts; null when it does not say. */
export async function scrapeHttp(from: string, tracker: Endpoint, infoHash: string): Promise<number | null> {
  const path = `/scrape?info_hash=${percent(Buffer.from(infoHash, 'hex'))}`;
  const answer = scrapeSchema.safeParse(decode(await fetchFrom(from, tracker, path)));
  const [file] = answer.success ? Object.values(answer.data.files) : [];
  return file === undefined ? null : file.complete + file.incomplete;
}

function fetchFrom(from: string, { address, port }: Endpoint, path: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const nothing = (): void => resolve(Buffer.alloc(0));
    const request = get(
      { host: address, port, path, localAddress: from, agent: false, timeout: PATIENCE_MS },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve(Buffer.concat(chunks)));
        answer.on('error', nothing);
      },
    );
    request.on('error', nothing);
    request.on('timeout', () => request.destroy());
  });
}

function percent(raw: Buffer): string {
  return [...raw].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Protocol id of a UDP tracker's connect request (BEP 15). */
const PROTOCOL_ID = 0x41727101980n;
const ACTION = { connect: 0, announce: 1, scrape: 2 } as const;
const EVENTS: Readonly<Record<AnnounceEvent, number>> = { update: 0, started: 2, stopped: 3 };

/** One conversation over UDP: connect, then what is asked. */
export class UdpTracker {
  readonly #from: string;
  readonly #tracker: Endpoint;

  constructor(from: string, tracker: Endpoint) {
    this.#from = from;
    this.#tracker = tracker;
  }

  async announce({ infoHash, peerId, port, event }: Announce): Promise<Endpoint[] | null> {
    const body = Buffer.alloc(82);
    body.write(infoHash, 0, 'hex');
    peerId.copy(body, 20);
    body.writeUInt32BE(EVENTS[event], 64);
    randomBytes(4).copy(body, 72);
    body.writeInt32BE(WANTED, 76);
    body.writeUInt16BE(port, 80);
    const answer = await this.#converse(ACTION.announce, body);
    if (answer === null || answer.length < 20) return null;
    return unpackEndpoints(answer.subarray(20), isIPv6(this.#tracker.address) ? 16 : 4);
  }

  async scrape(infoHash: string): Promise<number | null> {
    const answer = await this.#converse(ACTION.scrape, Buffer.from(infoHash, 'hex'));
    if (answer === null || answer.length < 20) return null;
    return answer.readUInt32BE(8) + answer.readUInt32BE(16);
  }

  async #converse(action: number, body: Buffer): Promise<Buffer | null> {
    const socket = createSocket(isIPv6(this.#tracker.address) ? 'udp6' : 'udp4');
    const ask = (head: Buffer, expected: number, rest: Buffer): Promise<Buffer | null> =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(null), PATIENCE_MS);
        socket.once('error', () => resolve(null));
        socket.once('message', (message) => {
          clearTimeout(timer);
          resolve(message.length >= 8 && message.readUInt32BE(0) === expected ? message : null);
        });
        socket.send(Buffer.concat([head, rest]), this.#tracker.port, this.#tracker.address);
      });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(0, this.#from, resolve);
      });
      const hello = Buffer.alloc(16);
      hello.writeBigUInt64BE(PROTOCOL_ID, 0);
      randomBytes(4).copy(hello, 12);
      const connected = await ask(hello, ACTION.connect, Buffer.alloc(0));
      if (connected === null || connected.length < 16) return null;
      const head = Buffer.alloc(16);
      connected.copy(head, 0, 8, 16);
      head.writeUInt32BE(action, 8);
      randomBytes(4).copy(head, 12);
      return await ask(head, action, body);
    } finally {
      socket.close();
    }
  }
}
