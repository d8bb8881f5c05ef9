/**
 * Canaries for every instrument of the swarm, each by the protocol the instrument speaks: a real announce, a real
 * query, a real handshake, for a torrent nobody has and from an id that is the marker and the nonce. What comes back is
 * not waited for: the proof is the instrument's own report.
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { addAbortSignal } from 'node:stream';
import bencode from 'bencode';
import { CANARY_INFO_HASH, canaryBytes, canaryName } from '../canary.ts';
import type { NeighbourConfig } from './neighbour-config.ts';

const INFO_HASH = Buffer.from(CANARY_INFO_HASH, 'hex');
/** Sockets are closed after this, answered or not. */
const PATIENCE_MS = 2000;
/** Magic of a UDP tracker's connect request (BEP 15). */
const UDP_TRACKER_MAGIC = Buffer.from('0000041727101980', 'hex');
/** RFC 8489: a binding request of 24 bytes with one attribute, SOFTWARE, which may say anything; 20 bytes of it. */
const STUN_BINDING_REQUEST = Buffer.from('000100182112a442', 'hex');
const STUN_SOFTWARE = Buffer.from('80220014', 'hex');

type Endpoint = NonNullable<NeighbourConfig['targets']['dht']>;

/** Sends one canary to each target. At `signal` what still waits for an answer is closed. */
export function sendCanaries({ targets }: NeighbourConfig, nonce: string, signal: AbortSignal): void {
  const id = canaryBytes(nonce);
  if (targets.trackerHttp) announceHttp(targets.trackerHttp, id, signal);
  if (targets.trackerUdp) announceUdp(targets.trackerUdp, id, signal);
  if (targets.dht) {
    for (const query of [dhtQuery('ping', { id }), dhtQuery('get_peers', { id, info_hash: INFO_HASH })]) {
      sendDatagram(targets.dht, query, signal);
    }
  }
  if (targets.peer) {
    sendStream(
      targets.peer,
      Buffer.concat([Buffer.from('\x13BitTorrent protocol'), Buffer.alloc(8), INFO_HASH, id]),
      signal,
    );
    sendDatagram(targets.peer, id, signal);
  }
  if (targets.stun)
    sendDatagram(targets.stun, Buffer.concat([STUN_BINDING_REQUEST, id.subarray(-12), STUN_SOFTWARE, id]), signal);
  if (targets.sink) sendDatagram(targets.sink, id, signal);
  if (targets.resolver) sendDatagram(targets.resolver, dnsQuery(canaryName(nonce)), signal);
}

function announceHttp(to: Endpoint, id: Buffer, signal: AbortSignal): void {
  const hash = [...INFO_HASH].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const query = `info_hash=${hash}&peer_id=${id.toString('latin1')}&port=9&uploaded=0&downloaded=0&left=0&compact=1`;
  sendStream(
    to,
    Buffer.from(`GET /announce?${query} HTTP/1.1\r\nHost: ${to.address}\r\nConnection: close\r\n\r\n`),
    signal,
  );
}

function announceUdp(to: Endpoint, id: Buffer, signal: AbortSignal): void {
  const connectRequest = Buffer.concat([UDP_TRACKER_MAGIC, Buffer.alloc(4), id.subarray(-4)]);
  sendDatagram(to, connectRequest, signal, (answer) => {
    const announce = Buffer.alloc(98);
    answer.copy(announce, 0, 8, 16);
    announce.writeUInt32BE(1, 8);
    announce.set(INFO_HASH, 16);
    announce.set(id, 36);
    announce.writeUInt16BE(9, 96);
    return announce;
  });
}

function dhtQuery(name: string, parameters: Record<string, Buffer>): Uint8Array {
  return bencode.encode({ a: parameters, q: name, t: 'kc', y: 'q' });
}

function dnsQuery(name: string): Buffer {
  const header = Buffer.from('6b6301000001000000000000', 'hex');
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

/** Sends a datagram; when `answered` is given, sends what it makes of the first answer, too. */
function sendDatagram(
  to: Endpoint,
  datagram: Uint8Array,
  signal: AbortSignal,
  answered?: (answer: Buffer) => Buffer,
): void {
  const socket = createSocket({ type: 'udp4', signal });
  const close = setTimeout(() => socket.close(), PATIENCE_MS);
  socket.on('error', () => undefined);
  socket.once('close', () => clearTimeout(close));
  if (answered) {
    socket.once('message', (answer) => {
      if (answer.length >= 16) socket.send(answered(answer), to.port, to.address);
    });
  }
  socket.send(datagram, to.port, to.address);
}

function sendStream(to: Endpoint, bytes: Buffer, signal: AbortSignal): void {
  const socket = connect({ host: to.address, port: to.port }, () => socket.write(bytes));
  addAbortSignal(signal, socket);
  socket.on('error', () => undefined);
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.resume();
}
