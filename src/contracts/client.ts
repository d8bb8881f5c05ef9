/** Torrent clients: types, and the protocols that a client may speak. */
import type * as z from 'zod';
import type { featuresSchema } from '../records/conditions.ts';
import type { ExitStatus, Host, Need } from './host.ts';

/** Way in which a client is tied to the tunnel. */
export type Binding =
  | { readonly kind: 'none' }
  | { readonly kind: 'interface'; readonly device: string; readonly address4: string; readonly address6: string }
  | { readonly kind: 'address'; readonly device: string; readonly address4: string; readonly address6: string };

type BindingKind = Binding['kind'];

export type ClientFeatures = z.infer<typeof featuresSchema>;

export interface ClientJob {
  /** The torrent to download: a .torrent file, readable by the unprivileged user, or a magnet link. */
  readonly torrent: { readonly file: string } | { readonly magnet: string };
  /** Configuration, state and logs go here; keeps what a restart needs. */
  readonly stateFolder: string;
  readonly downloadFolder: string;
  readonly binding: Binding;
  readonly features: ClientFeatures;
  /** Port the client listens on for peers (and DHT, where it is one port). */
  readonly peerPort: number;
  /** Loopback port the client may use for its own control interface. */
  readonly controlPort: number;
  /** The lab's DHT routers, for clients that take a bootstrap list. */
  readonly dhtBootstrap: readonly { readonly address: string; readonly port: number }[];
}

export interface ClientStatus {
  readonly downloadedBytes: number;
  readonly peers: number;
  /** Number of good DHT nodes the client knows; null where it does not say. */
  readonly dhtNodes: number | null;
}

/** What the client says it listens on and announces. Never used for a verdict. */
interface ClientAddresses {
  readonly listens: readonly string[];
  readonly announces: readonly string[];
}

export interface RunningClient {
  /** Every process of the client, the one to kill first. */
  readonly pids: readonly number[];
  readonly exited: Promise<ExitStatus>;
  status(signal?: AbortSignal): Promise<ClientStatus>;
  addresses(signal?: AbortSignal): Promise<ClientAddresses>;
  /** Last lines of its log, newest last. */
  logTail(lines: number): Promise<readonly string[]>;
  /** Ends it the way a user would, then with SIGKILL after `patienceSeconds`. */
  stop(patienceSeconds: number): Promise<ExitStatus>;
}

/** A torrent client, unmodified. One file each. */
export interface TorrentClient {
  readonly id: string;
  readonly title: string;
  /** Commands of the distribution it needs; empty for an npm client. */
  readonly needs: readonly Need[];
  readonly bindings: readonly BindingKind[];
  readonly speaks: ClientSpeaks;
  /** Settings changed from the client's own defaults because the lab needs it, each with its reason. */
  readonly changes: readonly { readonly setting: string; readonly reason: string }[];
  /** Paths, relative to the job's stateFolder, at which the client keeps state across restarts, and what they hold. */
  readonly persists: readonly { readonly path: string; readonly holds: 'peers' | 'dht' | 'peers and dht' }[];
  /** The version, read from the binary (or the package) itself. */
  version(host: Host): Promise<string>;
  /** Starts it and adds the torrent; resolves when it runs and has accepted the torrent. */
  start(host: Host, job: ClientJob, signal?: AbortSignal): Promise<RunningClient>;
}

interface ClientSpeaks {
  readonly utp: boolean;
  readonly udpTracker: boolean;
  readonly dht: boolean;
  readonly pex: boolean;
  readonly lsd: boolean;
  readonly portMapping: boolean;
  readonly ipv6: boolean;
  readonly webrtc: boolean;
  /** Takes magnet links besides .torrent files. */
  readonly magnet: boolean;
  /** Message stream encryption between peers, where both sides have it. */
  readonly encryption: boolean;
}

/** Every protocol there is: a client spreads it with those it does not speak. */
export const SPEAKS_ALL: ClientSpeaks = {
  utp: true,
  udpTracker: true,
  dht: true,
  pex: true,
  lsd: true,
  portMapping: true,
  ipv6: true,
  webrtc: true,
  magnet: true,
  encryption: true,
};
