/**
 * Real-time scheduling for one thread, for as long as it waits and acts: it then comes before everything else on its
 * processor, and a busy machine does not stretch the bracket of a fault.
 *
 * Of the thread, not of the process: Node.js's event loop, spinning at such a priority until a helper thread of its own
 * has had its turn, keeps that thread from its turn (measured: 20 labs on two cores came to a standstill).
 */
import os from 'node:os';
import * as z from 'zod';

/** Of linux/sched.h. */
const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
/** Above what threads of the kernel's own take by default, which is at most half of sched(7)'s 99. */
export const PRIORITY = 50;
/** The best niceness of sched(7), where real-time scheduling is not to be had. */
export const NICENESS = -20;

export interface RealTime {
  begin(): void;
  end(): void;
}

/** For the thread that calls; does nothing where the system does not let us (CAP_SYS_NICE). */
export async function realTime(): Promise<RealTime> {
  const koffi = await import('koffi');
  const call = koffi.load(null).func('int sched_setscheduler(int thread, int policy, const int *priority)');
  const schedule = (policy: number, priority: number): boolean => z.number().parse(call(0, policy, [priority])) === 0;
  return {
    begin: () => {
      if (!schedule(SCHED_FIFO, PRIORITY)) setNiceness(NICENESS);
    },
    end: () => {
      schedule(SCHED_OTHER, 0);
      setNiceness(0);
    },
  };
}

function setNiceness(niceness: number): void {
  try {
    os.setPriority(niceness);
  } catch {
    // Not to be had either: the bracket says what became of it.
  }
}
