/** Kill switches: types only. */
import type * as z from 'zod';
import type { Identity, Parameters, ParsedReference } from '../records/identity.ts';
import type { SWITCH_STAGES } from '../records/timeline.ts';
import type { KILL_SWITCH_FAMILIES } from '../records/vocabulary.ts';
import type { RunningClient } from './client.ts';
import type { Bracket, Clock, InstantNs } from './clock.ts';
import type { Host, Need } from './host.ts';
import type { Tunnel } from './lab.ts';

type KillSwitchFamily = (typeof KILL_SWITCH_FAMILIES)[number];
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
  /** Does what is due once both the switch is engaged and the tunnel is up: for rules that need the device to exist. */
  tunnelUp(): Promise<void>;
  /**
   * Does what is due once both the switch is engaged and the client runs: for switches that will act on its processes.
   */
  clientStarted(client: RunningClient): Promise<void>;
  /** Actions the switch says it took, and when; read once, at the end. */
  instants(): Promise<readonly { readonly stage: SwitchStage; readonly atNs: InstantNs; readonly detail: string }[]>;
  /** The tunnel to use instead of the lab's, where the switch moves it or brings one of another kind. */
  readonly tunnel?: Tunnel;
  /** Process of the switch; null where it is rules alone. */
  readonly process: SwitchProcess | null;
  /** Replaces the switch in place, as an upgrade does, in its own order; null where that is not done. */
  readonly update: (() => Promise<Bracket>) | null;
}

/** The process of a kill switch that has one. */
export interface SwitchProcess {
  /** Ids of its processes at this moment, the one to kill first; empty while it is dead. */
  pids(): readonly number[];
  /** Starts the process again after it was killed, if its own service manager has not: with what it does at start-up. */
  restart(): Promise<void>;
}

/** What is known of a kill switch before it is engaged. */
export interface SwitchFacts {
  readonly id: string;
  readonly title: string;
  readonly family: KillSwitchFamily;
  /** The implementation it reproduces: name, version, source file, and what is simplified. */
  readonly reproduces: string;
  readonly claims: SwitchClaims;
  /** Whether it brings a tunnel of another kind: the arm without a kill switch, which has the lab's, is no control of it. */
  readonly ownTunnel?: true;
  readonly needs: readonly Need[];
}

/** A kill switch as its file writes it down: a faithful model of a named implementation. One file each. */
export interface SwitchDefinition<P> extends SwitchFacts {
  /** Schema of the parameters, parsed at plan time: `app-kill(poll=2s)` in a scenario. What was parsed parses to itself. */
  readonly parameters: z.ZodType<P>;
  /** Engages it. Called before the tunnel comes up unless the scenario orders otherwise. */
  engage(context: SwitchContext, parameters: P): Promise<EngagedSwitch>;
}

/** A kill switch of the catalogue. */
export interface KillSwitch extends SwitchFacts {
  readonly parameters: z.ZodType;
  /** Completes the parameters given with the defaults. Throws `RequestError` that says what is allowed. */
  plan(given: Parameters): PlannedSwitch;
}

/** A kill switch with its parameters, or several at once: `parsed` are its members in the order of engagement. */
export interface PlannedSwitch extends SwitchFacts {
  readonly parsed: readonly ParsedReference[];
  engage(context: SwitchContext): Promise<EngagedSwitch>;
}
