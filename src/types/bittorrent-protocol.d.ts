/** bittorrent-protocol 5: webtorrent's peer wire. */
declare module 'bittorrent-protocol' {
  import type { DiffieHellman } from 'node:crypto';
  import type { EventEmitter } from 'node:events';

  export interface WireExtension {
    onHandshake?(infoHash: string, peerId: string, extensions: unknown): void;
    onExtendedHandshake?(handshake: unknown): void;
    onMessage?(message: Uint8Array): void;
  }
  /** A class whose prototype carries the extension's `name`. */
  export type WireExtensionClass = new (wire: Wire) => WireExtension;

  interface WireEvents {
    data: [chunk: Uint8Array];
    handshake: [infoHash: string, peerId: string, extensions: { dht: boolean; fast: boolean; extended: boolean }];
    /** MSE: SHA-1 of `req2` and the info-hash, hex; answer with `setInfoHash`. */
    'crypto-infohash': [infoHashHash: string];
    interested: [];
    request: [
      piece: number,
      offset: number,
      length: number,
      respond: (error: Error | null, block?: Uint8Array) => void,
    ];
    upload: [bytes: number];
    /** The extension handshake, decoded, or a message of an extension by its name. */
    extended: [extension: string | number, content: unknown];
    close: [];
    finish: [];
    error: [error: Error];
  }

  export default class Wire extends EventEmitter<WireEvents> {
    /** `tcpIncoming`, `utpOutgoing`, ...; encryption 0 none, 1 MSE with plain fallback, 2 RC4 only. */
    constructor(type: string, encryption: 0 | 1 | 2);
    readonly hasFast: boolean;
    readonly destroyed: boolean;
    extendedHandshake: Record<string, unknown>;
    write(chunk: Uint8Array): boolean;
    use(extension: WireExtensionClass): void;
    handshake(infoHash: string, peerId: string, extensions: { dht: boolean; fast: boolean }): void;
    setInfoHash(infoHash: string): void;
    setKeepAlive(enable: boolean): void;
    keepAlive(): void;
    unchoke(): void;
    haveAll(): void;
    bitfield(bits: Uint8Array): void;
    destroy(): void;
    /** MSE's state, null where it is off. `dh` makes `_dh` when it is asked for first. */
    readonly _encryptor: { readonly dh: DiffieHellman; _dh: DiffieHellman | null } | null;
    /** An extension message by its number; 0 is the handshake. */
    _onExtended(extension: number, content: Uint8Array): void;
    /** The stream's own hook: parses what came. Calls `done` last. */
    _write(chunk: Uint8Array, done: (error: Error | null) => void): void;
  }
}
