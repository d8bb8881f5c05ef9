/** The processes that this one has started, and what those have: to be ended when it is. */
import { readFileSync, readdirSync } from 'node:fs';
import { ownerName } from '../contracts/owner.ts';

/** Every process of `roots` and below, this one left out, named for good: process id by name. */
export function descendants(roots: Iterable<number> = [process.pid]): ReadonlyMap<string, number> {
  const below = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(entry);
    below.set(parent, [...(below.get(parent) ?? []), Number(entry)]);
  }
  const found = new Map<string, number>();
  const visit = (pid: number): void => {
    const name = ownerName(pid);
    if (name !== null && pid !== process.pid) found.set(name, pid);
    for (const child of below.get(pid) ?? []) visit(child);
  };
  for (const root of roots) visit(root);
  return found;
}

/** Sends the signal to each that is still the process it was. */
export function signalAll(processes: ReadonlyMap<string, number>, signal: 'SIGTERM' | 'SIGKILL'): void {
  for (const [name, pid] of processes) {
    if (ownerName(pid) !== name) continue;
    try {
      process.kill(pid, signal);
    } catch {
      // Ended meanwhile.
    }
  }
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the second field, in parentheses, may hold spaces; the parent is the fourth.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0; // gone meanwhile
  }
}
