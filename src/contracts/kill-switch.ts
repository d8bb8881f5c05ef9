/** Kill switches: types only. */
import type * as z from 'zod';
import type { Identity } from '../records/identity.ts';
import type { SWITCH_STAGES } from '../records/timeline.ts';
import type { KILL_SWITCH_FAMILIES } from '../records/vocabulary.ts';
import type { RunningClient } from './client.ts';
import type { Bracket, Clock, InstantNs } from './clock.ts';
import type { Host, Need } from './host.ts';
import type { Tunnel } from './lab.ts';

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
  /** Ids of the switch's processes at this moment, the one to kill first; absent or empty where it is rules alone. */
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
  /** Schema of the parameters, parsed at plan time; `app-kill(poll=2s)` in a scenario. */
  readonly parameters: z.ZodType<P>;
  /** Engages it. Called before the tunnel comes up unless the scenario orders otherwise. */
  engage(context: SwitchContext, parameters: P): Promise<EngagedSwitch>;
}
