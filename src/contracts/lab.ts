/** A lab, its tunnel and the places where frames are captured: types only. */
import type { Identity } from '../records/identity.ts';
import type { HostName } from '../records/vocabulary.ts';
import type { TorrentClient } from './client.ts';
import type { Bracket, Clock } from './clock.ts';
import type { Host } from './host.ts';
import type { LabDescription } from '../records/trial-record.ts';

/** Where frames are captured: an interface of a host. */
export interface Tap {
  readonly host: Host;
  readonly device: string;
}

/** The client's VPN tunnel, brought up by the real wg-quick. */
export interface Tunnel {
  /** The interface's name on the client, e.g. `wg0`. */
  readonly device: string;
  /** The mark wg-quick puts on the tunnel's own datagrams, and the number of its routing table. */
  readonly fwmark: number;
  /** Inner addresses, endpoint and resolver as the configuration file has them. */
  readonly config: TunnelConfig;
  /**
   * Adds a line to the [Interface] section before `up`: how wg-quick's own kill switch is configured. The result takes it
   * out again.
   */
  addHook(line: `${'PreUp' | 'PostUp' | 'PreDown' | 'PostDown'} = ${string}`): () => void;
  /** `wg-quick up`, returning once the device is up and routes are in. */
  up(): Promise<Bracket>;
  /** `wg-quick down`, as a user would type it. */
  down(): Promise<Bracket>;
  /**
   * What a VPN application does to reconnect: makes good whatever of device, daemon, addresses, link, routes and rules
   * is missing, and touches nothing else (no filter rule, no hook).
   */
  restore(): Promise<Bracket>;
  /** Process ids, on the client, of the userspace daemon; empty where the kernel holds the device. */
  daemonPids(): Promise<readonly number[]>;
  /**
   * Writes the file of keys and peer that `wg setconf` takes, and tells where it is on the client: for a kill switch that
   * makes the device itself, in an order of its own, instead of `up`. Absent where something else makes it. Throws
   * `Unsupported` when hooks were added, which nobody would run.
   */
  settings?(): Promise<string>;
  /** Where the device is, when a kill switch has moved it off the client host's own network namespace. */
  readonly host?: Host;
  /**
   * Default routes of the tunnel as `ip route del` takes them, when they are not wg-quick's two in the table `fwmark`.
   */
  readonly defaultRoutes?: readonly string[];
}

export interface TunnelConfig {
  readonly address4: string;
  readonly address6: string;
  /** Resolver inside the tunnel (wg-quick's DNS =). */
  readonly dns: string;
  readonly endpoint: { readonly address: string; readonly port: number };
  /** The server's own address inside the tunnel. */
  readonly gateway4: string;
}

/** The hosts and links of one trial. Disposing it ends every process and removes every trace. */
export interface Lab extends AsyncDisposable {
  readonly hosts: Readonly<Record<HostName, Host>>;
  /** The router's side of the link to the client: the ground truth. */
  readonly uplink: Tap;
  /** The router's side towards the internet. */
  readonly wan: Tap;
  readonly tunnel: Tunnel;
  readonly identity: Identity;
  readonly clock: Clock;
  /** A client that the lab brings along, in a container of the user's, instead of one of the catalogue. */
  readonly client?: TorrentClient;
  describe(): LabDescription;
}
