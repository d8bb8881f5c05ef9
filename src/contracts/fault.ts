/** Faults, and what else is there for them to happen to: types only. */
import type * as z from 'zod';
import type { Endpoint } from '../records/identity.ts';
import type { Bracket } from './clock.ts';
import type { Need } from './host.ts';
import type { EngagedSwitch } from './kill-switch.ts';
import type { Lab } from './lab.ts';

/** A fault ready to happen. Disposing it frees what arming took. */
export interface ArmedFault extends AsyncDisposable {
  /** One write or one signal to something already running: no fork, no exec. Gives the bracket of the kernel's change. */
  inject(): Promise<Bracket>;
  /** Ends the fault: afterwards the tunnel can work again. */
  revert(): Promise<Bracket>;
}

/** What a trial starts, in the order of its scenario. */
export type Starter = 'switch' | 'tunnel' | 'client';

/** Kill switch and client beside the tunnel when a fault is armed: some faults happen to them. */
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
  /** Ids of all processes of the client at this moment. */
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
