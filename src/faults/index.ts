/** The catalogue of faults: one line each. */
import type { ArmedFault, Fault, FaultSubjects, Lab } from '../harness/contracts.ts';
import { RequestError } from '../harness/errors.ts';
import { lookUp, parseParameters, parseReferences } from '../harness/reference.ts';
import { clientRestart } from './client-restart.ts';
import { daemonKilled } from './daemon-killed.ts';
import { linkDown } from './link-down.ts';
import { routeLost } from './route-lost.ts';
import { serverBlackhole } from './server-blackhole.ts';

export const faults: readonly Fault[] = [linkDown, daemonKilled, serverBlackhole, routeLost, clientRestart];

/** A fault with its parameters, as a scenario names it. */
export interface PlannedFault extends Pick<Fault, 'id' | 'title' | 'group' | 'happens' | 'needs'> {
  arm(lab: Lab, subjects: FaultSubjects): Promise<ArmedFault>;
}

/** The fault with that id. Throws `RequestError` with the known ids. */
export function faultById(id: string): Fault {
  return lookUp('fault', faults, id);
}

/** The fault a scenario names, e.g. `flap(period=4s)`. Throws `RequestError` that says what is allowed. */
export function faultByReference(reference: string): PlannedFault {
  const [first, ...others] = parseReferences(reference);
  if (first === undefined || others.length > 0) {
    throw new RequestError(`«${reference}»: a trial has one fault; list several as several entries of «faults».`);
  }
  const fault = faultById(first.id);
  const parameters = parseParameters('fault', fault, first);
  const { id, title, group, happens, needs } = fault;
  return { id, title, group, happens, needs, arm: (lab, subjects) => fault.arm(lab, parameters, subjects) };
}
