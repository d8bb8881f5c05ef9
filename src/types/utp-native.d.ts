/** utp-native 2: libutp. IPv4 only. */
declare module 'utp-native' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';

  export interface UtpConnection extends Duplex {
    readonly remoteAddress: string;
    readonly remotePort: number;
    setTimeout(milliseconds: number, onTimeout?: () => void): void;
  }

  interface UtpEvents {
    connection: [connection: UtpConnection];
    listening: [];
    /** A datagram that is not uTP. */
    message: [message: Buffer, remote: { address: string; port: number }];
    error: [error: Error];
    close: [];
  }

  export default class UTP extends EventEmitter<UtpEvents> {
    constructor(options?: { allowHalfOpen?: boolean });
    listen(port: number, address: string, onListening?: () => void): void;
    connect(port: number, address: string): UtpConnection;
    close(onClose?: () => void): void;
  }
}
