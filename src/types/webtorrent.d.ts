/** The part of WebTorrent 3 that the lab uses; the package ships no types. */
declare module 'webtorrent' {
  export interface WebTorrentOptions {
    readonly torrentPort?: number | undefined;
    readonly dhtPort?: number | undefined;
    readonly dht?: false | { readonly bootstrap: readonly string[] } | undefined;
    readonly utPex?: boolean | undefined;
    readonly lsd?: boolean | undefined;
    readonly natUpnp?: boolean | undefined;
    readonly natPmp?: boolean | undefined;
    readonly utp?: boolean | undefined;
    readonly secure?: number | undefined;
  }

  export interface Torrent {
    /** Bytes received and verified. */
    readonly downloaded: number;
    readonly numPeers: number;
    on(event: 'infoHash', listener: () => void): this;
    on(event: 'warning', listener: (warning: Error | string) => void): this;
  }

  export default class WebTorrent {
    static readonly VERSION: string;
    constructor(options?: WebTorrentOptions);
    readonly dht: false | { toJSON(): { readonly nodes: readonly unknown[] } };
    /** `torrent`: path of a .torrent file, or a magnet link. */
    add(torrent: string, options: { readonly path: string }): Torrent;
    destroy(done: () => void): void;
    on(event: 'error', listener: (error: Error) => void): this;
  }
}
