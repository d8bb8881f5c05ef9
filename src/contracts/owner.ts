/**
 * Whom something on this machine belongs to: the harness that made it, named so that it can be told for good whether it is
 * gone. A parent's id says nothing: a harness may itself be process 1, and an orphan may have been taken in by another.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Variable in the environment of every process that runs trials: names its harness. */
export const OWNER_VARIABLE = 'KSL_HARNESS';

/** What an owner's name looks like. */
export const OWNER_PATTERN = /\d+\.\d+\.\d+/;

/** Beginning of the name of every control group that a harness makes: those left behind are known by it. */
export const CONTROL_GROUP_PREFIX = 'killswitch-lab-';

/** The PID namespace that a machine begins with (PROC_PID_INIT_INO): from it every process is seen. */
const FIRST_NAMESPACE = '4026531836';

/**
 * Names a process of this PID namespace for good: the namespace, its id, and when it was started, since ids are used
 * again. Null when it is gone.
 */
export function ownerName(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the second field, in parentheses, may hold spaces; starttime is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${namespaceOf('self')}.${pid}.${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}

/** True where it is certain: of a process in a namespace that cannot be looked into, nobody knows. */
export function isGone(owner: string): boolean {
  const [namespace = '', pid] = owner.split('.');
  const own = namespaceOf('self');
  if (namespace === own) return ownerName(Number(pid)) !== owner;
  if (own !== FIRST_NAMESPACE) return false;
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return !pids.some((each) => namespaceOf(each) === namespace);
}

function namespaceOf(pid: string): string {
  try {
    return /\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0] ?? '';
  } catch {
    return ''; // gone meanwhile, or somebody else's
  }
}
