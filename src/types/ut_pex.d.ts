/** ut_pex 5: peer exchange (BEP 11) for bittorrent-protocol. */
declare module 'ut_pex' {
  import type { EventEmitter } from 'node:events';
  import type Wire from 'bittorrent-protocol';

  export class PeerExchange extends EventEmitter {
    constructor(wire: Wire);
    /** Sends what was added every 65 s. */
    start(): void;
    /** Sends what was added so far, now. Undocumented; the version is pinned for it. */
    _sendMessage(): void;
    reset(): void;
    /** Adds an IPv4 peer, given as `address:port`. */
    addPeer(peer: string): void;
    /** Adds an IPv6 peer, given as `[address]:port`. */
    addPeer6(peer: string): void;
    dropPeer(peer: string): void;
    dropPeer6(peer: string): void;
    onExtendedHandshake(handshake: unknown): void;
    onMessage(message: Uint8Array): void;
  }
  export default function utPex(): typeof PeerExchange;
}
