/** ut_metadata 5: metadata exchange (BEP 9) for bittorrent-protocol. */
declare module 'ut_metadata' {
  import type { WireExtensionClass } from 'bittorrent-protocol';

  /** Serves this info dictionary, bencoded. */
  export default function utMetadata(info: Uint8Array): WireExtensionClass;
}
