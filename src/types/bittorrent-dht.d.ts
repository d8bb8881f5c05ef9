/** bittorrent-dht 11: the part the lab uses. */
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events';
  import type { AddressInfo } from 'node:net';

  export interface DhtOptions {
    nodeId: Buffer;
    /** Nodes to ask at start; false asks nobody. */
    bootstrap: false;
    /** Passed through k-rpc to k-rpc-socket, which listens on it instead of opening its own. */
    socket: DhtSocket;
  }

  /** Datagram socket, as far as k-rpc-socket uses it. */
  export interface DhtSocket extends EventEmitter {
    bind(port: number, address: string, onListening: () => void): void;
    send(message: Uint8Array, offset: number, length: number, port: number, address: string, done: () => void): void;
    address(): AddressInfo;
    close(): void;
  }

  interface DhtEvents {
    /** A peer was stored: announced with a valid token, or put there by this node itself. */
    announce: [peer: { host: string; port: number }, infoHash: Buffer, from: { host: string; port: number }];
    warning: [error: Error];
    error: [error: Error];
  }

  export class Client extends EventEmitter<DhtEvents> {
    constructor(options: DhtOptions);
    listen(port: number, address: string, onListening: () => void): void;
    addNode(node: { host: string; port: number; id: Buffer }): void;
    removeNode(id: Buffer): void;
    destroy(done?: () => void): void;
    /** Stores a peer as if it had announced itself here. Undocumented; the version is pinned for it. */
    _addPeer(peer: { host: string; port: number }, infoHash: Buffer, from: { host: string; port: number }): void;
  }
}
