/**
 * What the first process of a PID namespace owes it: waiting for those whose parents have ended. Nobody else can, and
 * what is not waited for stays in the table of processes and counts against the container's limit.
 */
import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** waitpid(2): do not wait for one that still runs. */
const WNOHANG = 1;

/** Waits for ended orphans whenever a child ends. `own`: process ids that Node.js itself waits for. */
export function adoptOrphans(own: () => ReadonlySet<number>): void {
  if (process.pid !== 1) return;
  process.on('SIGCHLD', () => void reap(own));
}

async function reap(own: () => ReadonlySet<number>): Promise<void> {
  if (endedOrphans(own()).length === 0) return;
  // Loaded where it is needed: most containers never have an orphan.
  const koffi = await import('koffi');
  const waitpid = koffi.load(null).func('int waitpid(int, void *, int)');
  for (const pid of endedOrphans(own())) z.number().parse(waitpid(pid, null, WNOHANG));
}

/** Children of this process that have ended and are none of its own. */
function endedOrphans(own: ReadonlySet<number>): number[] {
  const children = readFileSync('/proc/self/task/1/children', 'utf8').split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => !own.has(pid) && hasEnded(pid));
}

function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the state comes after the name, which is in parentheses and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false; // gone meanwhile
  }
}
