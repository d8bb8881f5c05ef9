/**
 * Joins a peer of the torrent for as long as it takes to be told of others (BEP 11): handshake, extension handshake, the
 * first PEX message. It asks for no block and names no port, so that nobody can tell others of the retrieval.
 */
import { connect } from 'node:net';
import Wire from 'bittorrent-protocol';
import utPex from 'ut_pex';
import type { Endpoint } from '../../records/identity.ts';
import { readPex } from '../swarm/messages.ts';

/** BEP 11 lets a peer send its first message at once; one that has not after this long is not asked further. */
const PATIENCE_MS = 4000;

/** The peers the first PEX message names; null when none came. */
export function pexPeers(
  from: string,
  peer: Endpoint,
  infoHash: string,
  peerId: string,
): Promise<readonly Endpoint[] | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: peer.address, port: peer.port, localAddress: from });
    const wire = new Wire('tcpOutgoing', 0);
    const settle = (peers: readonly Endpoint[] | null): void => {
      clearTimeout(timer);
      wire.destroy();
      socket.destroy();
      resolve(peers);
    };
    const timer = setTimeout(() => settle(null), PATIENCE_MS);
    socket.on('error', () => settle(null));
    socket.on('close', () => settle(null));
    socket.on('data', (chunk: Buffer) => wire.write(chunk));
    wire.on('data', (chunk) => {
      if (socket.writable) socket.write(chunk);
    });
    wire.on('error', () => settle(null));
    wire.on('extended', (extension, content) => {
      if (extension !== 'ut_pex' || !(content instanceof Uint8Array)) return;
      settle(readPex(content)?.added ?? null);
    });
    wire.use(utPex());
    socket.once('connect', () => wire.handshake(infoHash, peerId, { dht: false, fast: true }));
  });
}
