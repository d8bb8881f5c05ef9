/**
 * What the process that opens labs has, once for all of them: its own view of the machine, and users for the labs, whose root
 * is nobody on the machine.
 */
import type { Argv, RunningProcess } from '../../contracts/host.ts';
import { Visitor } from '../../programs/visit.ts';
import type { HostName } from '../../records/vocabulary.ts';
import { startProcess } from './child-process.ts';
import { makeGuestUsers, type GuestUsers } from './guest-users.ts';
import { hideMachine, viewAsGuests } from './guest-view.ts';
import { keepOpenFiles } from './host-shell.ts';
import { canGiveTo } from './mounts.ts';

/** Where programs wait that have users of their own: in namespaces that are those users', who may come back to them. */
const IN_A_HOME = ['unshare', '--net', '--mount', '--propagation=private'] as const;

export interface Quarters {
  readonly visitor: Visitor;
  /** Users of the labs' own; null where this process is itself one of such, or the kernel cannot give them files. */
  readonly users: GuestUsers | null;
}

let quartersOfThis: Promise<Quarters> | undefined;

async function openQuarters(): Promise<Quarters> {
  const visitor = await Visitor.atHome();
  const made = isPrivileged() ? await makeGuestUsers() : null;
  const users = made !== null && visitor.inCopy(() => canGiveTo(made.namespace)) ? made : null;
  await keepOpenFiles();
  hideMachine(users);
  return { visitor, users };
}

/** Opened when they are first asked for. */
export function quarters(): Promise<Quarters> {
  return (quartersOfThis ??= openQuarters());
}

/** Starts a program that waits, for the labs of this process to come. */
export async function startAtHome(host: HostName, argv: Argv): Promise<RunningProcess> {
  const { users, visitor } = await quarters();
  if (users === null) return startProcess(host, argv, hostEnvironment('/'));
  const [program, ...args] = [...users.become, ...IN_A_HOME, ...argv] as const;
  return visitor.inCopy(() => {
    viewAsGuests(users);
    return startProcess(host, [program, ...args], hostEnvironment('/'));
  });
}

/** The environment lab processes get: nothing of the user's but the search path. */
export function hostEnvironment(folder: string): Record<string, string> {
  const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return { PATH: system, HOME: folder, LANG: 'C.UTF-8', TMPDIR: folder };
}

/** Whether the machine's root has started this process, or a user who is root of a user namespace alone. */
export const isPrivileged = (): boolean => process.env['KSL_ROOTLESS'] !== '1';
