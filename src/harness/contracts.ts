/**
 * The interfaces between the rooms: types only. Clients, kill switches, faults and probes know these, the records and
 * the clock, and nothing else of the project.
 */
import type { Readable, Writable } from 'node:stream';
import type * as z from 'zod';
import type { Bracket, Clock, InstantNs } from './clock.ts';
import type { Endpoint, Identity, SwarmMap } from './records/identity.ts';
import type { InstrumentEvent, SWITCH_STAGES } from './records/timeline.ts';
import type { HostName, KILL_SWITCH_FAMILIES } from './records/vocabulary.ts';

// ------------------------------------------------------------------------------------------------------------- hosts

/** A program and its arguments; never a shell string. */
export type Argv = readonly [program: string, ...args: string[]];

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Accept any exit status instead of throwing `CommandFailed`. */
  readonly anyStatus?: boolean;
}

export interface RunResult {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a process ended: one of the two is null. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Run as the lab's unprivileged user (torrent clients do) instead of the host's root. */
  readonly unprivileged?: boolean;
}

/** A process of a lab host. It dies with its lab, whatever becomes of the harness. */
export interface RunningProcess {
  /** Its id as the host's own processes see it. */
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ExitStatus>;
  /** Sends the signal at once (one system call); does nothing when the process has ended. */
  signal(signal: NodeJS.Signals): void;
}

/** A program of the project's own at work on a host: told a line at a time, and telling. It dies with its lab. */
export interface LineProcess {
  /** Every line that it says goes to whoever asked last; asked in the turn of the event loop that gives the process. */
  hear(listener: (line: string) => void): void;
  /** Does nothing when it has ended. */
  tell(line: string): void;
  /** Its last words on standard error. */
  readonly complaints: string;
  /** How it ended; of one that was lent, how it went back. */
  readonly ended: Promise<ExitStatus>;
  kill(): void;
}

/** Where a command runs: a host, or the link that all of the internet is on. */
export type Member = HostName | 'internet';

/** One host of the lab. */
export interface Host {
  readonly name: HostName;
  /** A folder of this host's own, seen under the same path by the harness; gone with the lab. */
  readonly folder: string;
  /** Runs a program to its end. Throws `CommandFailed` unless it exits 0 or `anyStatus` is set. */
  run(argv: Argv, options?: RunOptions): Promise<RunResult>;
  /** Starts a program; throws `CommandFailed` when it cannot be started. */
  spawn(argv: Argv, options?: SpawnOptions): Promise<RunningProcess>;
  /**
   * Puts a program of the project's own that can wait for work (serve.ts) to work on this host: one that outlives the lab
   * and then waits for the next. Absent where each is started for its lab.
   */
  lend?(argv: Argv, job: string): Promise<LineProcess>;
}

/** A program could not be started or ended with another status than 0. */
export interface CommandFailure extends Error {
  readonly argv: Argv;
  readonly host: Member;
  readonly status: ExitStatus | null;
  readonly stderr: string;
}

/** A command of the distribution and the package that brings it. */
export interface Need {
  readonly command: string;
  readonly package: string;
}

// --------------------------------------------------------------------------------------------------------------- lab

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
  /** Its default routes as `ip route del` takes them, when they are not wg-quick's two in the table `fwmark`. */
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

export interface LabDescription {
  readonly backend: 'netns' | 'docker';
  readonly tunnel: 'kernel' | 'wireguard-go';
  readonly privileged: boolean;
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

// ------------------------------------------------------------------------------------------------------ torrent clients

/** How a client is tied to the tunnel. */
export type Binding =
  | { readonly kind: 'none' }
  | { readonly kind: 'interface'; readonly device: string; readonly address4: string; readonly address6: string }
  | { readonly kind: 'address'; readonly device: string; readonly address4: string; readonly address6: string };

export type BindingKind = Binding['kind'];

/** `default` leaves the client's own default alone. */
export type Setting = 'on' | 'off' | 'default';

export interface ClientFeatures {
  readonly dht: Setting;
  readonly pex: Setting;
  readonly lsd: Setting;
  readonly portMapping: Setting;
  readonly utp: Setting;
  /** Of the connections to peers (MSE). `on`: it takes no plain one; `off`: it opens none that is encrypted. */
  readonly encryption: Setting;
}

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
  /** Good DHT nodes the client knows; null where it does not say. */
  readonly dhtNodes: number | null;
}

/** What the client says it listens on and announces. Never used for a verdict. */
export interface ClientAddresses {
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
  /** Where it keeps state across restarts, relative to the job's stateFolder, and what. */
  readonly persists: readonly { readonly path: string; readonly holds: 'peers' | 'dht' | 'peers and dht' }[];
  /** The version, read from the binary (or the package) itself. */
  version(host: Host): Promise<string>;
  /** Starts it and adds the torrent; resolves when it runs and has accepted the torrent. */
  start(host: Host, job: ClientJob, signal?: AbortSignal): Promise<RunningClient>;
}

export interface ClientSpeaks {
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

// -------------------------------------------------------------------------------------------------------- kill switches

export type KillSwitchFamily = (typeof KILL_SWITCH_FAMILIES)[number];
export type SwitchStage = (typeof SWITCH_STAGES)[number];

/** What a switch says it stops, by its own documentation. */
export interface SwitchClaims {
  readonly v4: boolean;
  readonly v6: boolean;
  readonly dns: boolean;
  readonly lan: boolean;
  /** Holds before anything of the VPN has started. */
  readonly boot: boolean;
  /** Holds while the VPN reconnects. */
  readonly reconnect: boolean;
}

export interface SwitchContext {
  readonly host: Host;
  readonly tunnel: Tunnel;
  readonly clock: Clock;
  readonly identity: Identity;
  readonly signal?: AbortSignal;
  /** The VPN server's host, for switches that belong to another kind of tunnel and bring it with them. */
  readonly vpn?: Host;
}

/** A kill switch at work. Disposing it restores the host exactly. */
export interface EngagedSwitch extends AsyncDisposable {
  /** How the client is to be bound; `{ preference: ... }` is resolved against what the client supports. */
  readonly binding: 'none' | 'interface-or-address' | 'interface' | 'address';
  /** Where the client is to be started, when not on the client host itself (namespace switches). */
  readonly clientHost: Host;
  /** Called once both it is engaged and the tunnel is up: for rules that need the device to exist. */
  tunnelUp(): Promise<void>;
  /** Called once both it is engaged and the client runs: for switches that will act on its processes. */
  clientStarted(client: RunningClient): Promise<void>;
  /** What it says it did and when; read once, at the end. */
  instants(): Promise<readonly { readonly stage: SwitchStage; readonly atNs: InstantNs; readonly detail: string }[]>;
  /** The tunnel to use instead of the lab's, where the switch moves it or brings one of another kind. */
  readonly tunnel?: Tunnel;
  /** Its processes at this moment, the one to kill first; absent or empty where it is rules alone. */
  pids?(): readonly number[];
  /** Starts it again after its process was killed, if its own service manager has not: with what it does at start-up. */
  restart?(): Promise<void>;
  /** Replaces itself in place, as an upgrade does: what it removes and what it adds again, in its own order. */
  update?(): Promise<Bracket>;
}

/** A kill switch: a faithful model of a named implementation. One file each. */
export interface KillSwitch<P = unknown> {
  readonly id: string;
  readonly title: string;
  readonly family: KillSwitchFamily;
  /** The implementation it reproduces: name, version, source file, and what is simplified. */
  readonly reproduces: string;
  readonly claims: SwitchClaims;
  readonly needs: readonly Need[];
  /** Parsed at plan time; `app-kill(poll=2s)` in a scenario. */
  readonly parameters: z.ZodType<P>;
  /** Engages it. Called before the tunnel comes up unless the scenario orders otherwise. */
  engage(context: SwitchContext, parameters: P): Promise<EngagedSwitch>;
}

// --------------------------------------------------------------------------------------------------------------- faults

/** A fault ready to happen. Disposing it frees what arming took. */
export interface ArmedFault extends AsyncDisposable {
  /** One write or one signal to something already running: no fork, no exec. Gives the bracket of the kernel's change. */
  inject(): Promise<Bracket>;
  /** Ends the fault: afterwards the tunnel can work again. */
  revert(): Promise<Bracket>;
}

/** What a trial starts, in the order of its scenario. */
export type Starter = 'switch' | 'tunnel' | 'client';

/** Who else is there when a fault is armed: some faults happen to the kill switch or to the client. */
export interface FaultSubjects {
  readonly engaged: EngagedSwitch;
  /** Ends the client and starts it again with the state it has saved; resolves when it runs. */
  restartClient(): Promise<void>;
  /** Ends the client the way a user would; it has saved its state when this resolves. */
  stopClient?(): Promise<void>;
  /** Ends client, tunnel and kill switch in this order, as a machine does that shuts down in good order. */
  shutDown?(): Promise<void>;
  /** Starts one of them again; a kill switch that comes after the others is told of them. */
  start?(what: Starter): Promise<void>;
  /** Every process of the client at this moment. */
  clientPids?(): readonly number[];
}

/** What is done to the tunnel or the routing. One file each. */
export interface Fault<P = unknown> {
  readonly id: string;
  readonly title: string;
  readonly group: 'tunnel' | 'routing' | 'filter' | 'lifecycle';
  /** What really happens when people meet it. */
  readonly happens: string;
  readonly needs: readonly Need[];
  readonly parameters: z.ZodType<P>;
  /** Where else the tunnel's own datagrams go under it; in no other trial are datagrams to there the tunnel's. */
  readonly endpoints?: readonly Endpoint[];
  /** Throws `Unsupported` when there is nothing for it to happen to: no process of the switch, no such rule. */
  arm(lab: Lab, parameters: P, subjects?: FaultSubjects): Promise<ArmedFault>;
}

// ---------------------------------------------------------------------------------------------------------- instruments

export interface InstrumentContext {
  readonly lab: Lab;
  readonly swarm: SwarmMap;
  /** Folder for raw artefacts of this trial. */
  readonly folder: string;
  /** Receives every event as it is seen. */
  readonly onEvent: (event: InstrumentEvent) => void;
}

export interface InstrumentReport {
  /** Packets or events it knows it lost; null when it cannot say. */
  readonly dropped: number | null;
  /** Why it could not see for part of the trial; null when it saw throughout. */
  readonly blind: string | null;
}

/** A running instrument; `start` of its probe resolved only when the next packet would be recorded. */
export interface RunningInstrument {
  readonly id: string;
  stop(): Promise<InstrumentReport>;
}

// -------------------------------------------------------------------------------------------------------------- moments

/** When the fault is injected: after steady state, or at the n-th event of a kind that comes after it. */
export type Moment =
  | { readonly kind: 'delay'; readonly seconds: number }
  | { readonly kind: 'uniform'; readonly fromSeconds: number; readonly toSeconds: number }
  | { readonly kind: 'event'; readonly event: MomentEvent; readonly nth: number; readonly timeoutSeconds: number };

export type MomentEvent =
  'announce' | 'get_peers' | 'announce_peer' | 'handshake' | 'piece' | 'pex' | 'dns' | 'wireguard-handshake';
