/** Faults, and what else is there for them to happen to: types only. */
import type * as z from 'zod';
import type { Conditions } from '../records/conditions.ts';
import type { Endpoint, Parameters, ParsedReference } from '../records/identity.ts';
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
export type Starter = Conditions['order'][number];

/** Kill switch and client beside the tunnel when a fault is armed: some faults happen to them. */
export interface FaultSubjects {
  readonly engaged: EngagedSwitch;
  /** Ids of all processes of the client at this moment; empty while it does not run. */
  clientPids(): readonly number[];
  /** Ends the client the way a user would; it has saved its state when this resolves. */
  stopClient(): Promise<void>;
  /** Ends client, tunnel and kill switch in this order, as a machine does that shuts down in good order. */
  shutDown(): Promise<void>;
  /** Starts one of them again; a kill switch that comes after the others is told of them. */
  start(what: Starter): Promise<void>;
}

/** What is known of a fault before it is armed. */
interface FaultFacts {
  readonly id: string;
  readonly title: string;
  readonly group: 'placebo' | 'tunnel' | 'routing' | 'filter' | 'lifecycle';
  /** What really happens when people meet it. */
  readonly happens: string;
  readonly needs: readonly Need[];
  /** Whether it happens to the kill switch: without one there is nothing for it to happen to. */
  readonly ofTheSwitch?: true;
  /** Where else the tunnel's own datagrams go under it; in no other trial are datagrams to there the tunnel's. */
  readonly endpoints?: readonly Endpoint[];
}

/** What is done to the tunnel or the routing, as its file writes it down. One file each. */
export interface FaultDefinition<P> extends FaultFacts {
  readonly parameters: z.ZodType<P>;
  /** Throws `Unsupported` when there is nothing for it to happen to: no process of the switch, no such rule. */
  arm(lab: Lab, parameters: P, subjects: FaultSubjects): Promise<ArmedFault>;
}

/** A fault of the catalogue. */
export interface Fault extends FaultFacts {
  readonly parameters: z.ZodType;
  /** Completes the parameters given with the defaults. Throws `RequestError` that says what is allowed. */
  plan(given: Parameters): PlannedFault;
}

/** A fault with its parameters. */
export interface PlannedFault extends FaultFacts {
  readonly parsed: ParsedReference;
  /** Throws `Unsupported`, as its definition does. */
  arm(lab: Lab, subjects: FaultSubjects): Promise<ArmedFault>;
}
