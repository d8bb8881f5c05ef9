/** bittorrent-tracker 11, the server: the part the lab uses. */
declare module 'bittorrent-tracker/server' {
  import type { EventEmitter } from 'node:events';
  import type { IncomingMessage, ServerResponse } from 'node:http';
  import type { RemoteInfo } from 'node:dgram';
  import type { Duplex } from 'node:stream';

  export interface TrackerOptions {
    /** Interval told to clients, milliseconds. */
    interval?: number;
    http: boolean;
    udp: boolean;
    ws: boolean | { readonly noServer: true };
    stats: boolean;
  }

  export interface AnnounceParams {
    type: 'http' | 'udp' | 'ws';
    event: string;
    /** Info hash in hexadecimal. */
    info_hash: string;
    peer_id: string;
    /** The address handed out to others: claimed (UDP) or seen. */
    ip: string;
    port: number;
    /** `ip:port`: the key of the peer in the swarm. */
    addr: string;
    left: number;
    numwant: number;
    /** WebSocket: what the peer offers to others. */
    offers?: unknown;
  }

  export interface AnnounceResponse {
    peers?: unknown;
    peers6?: unknown;
  }

  export type AnnounceCallback = (error: Error | null, response?: AnnounceResponse) => void;

  export interface TrackerSwarm {
    announce(params: AnnounceParams, callback: AnnounceCallback): void;
  }

  interface TrackerEvents {
    listening: [];
    warning: [error: Error];
    error: [error: Error];
    start: [address: string, params: AnnounceParams];
    update: [address: string, params: AnnounceParams];
    complete: [address: string, params: AnnounceParams];
    stop: [address: string, params: AnnounceParams];
  }

  export default class Server extends EventEmitter<TrackerEvents> {
    constructor(options: TrackerOptions);
    listen(ports: { udp: number }, hosts: { udp: string; udp6: string }): void;
    close(done?: () => void): void;
    onHttpRequest(request: IncomingMessage, response: ServerResponse): void;
    /** Server of the package ws. */
    readonly ws: {
      handleUpgrade(
        request: IncomingMessage,
        socket: Duplex,
        head: Buffer,
        done: (connection: EventEmitter) => void,
      ): void;
      emit(event: 'connection', connection: EventEmitter, request: IncomingMessage): boolean;
    };
    onUdpRequest(message: Buffer, remote: RemoteInfo): void;
    createSwarm(infoHash: string, callback: (error: Error | null, swarm: TrackerSwarm) => void): void;
    _onAnnounce(params: AnnounceParams, callback: AnnounceCallback): void;
  }
}
