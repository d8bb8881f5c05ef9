/**
 * Real-time scheduling for one thread, for as long as it waits and acts: it then comes before everything else on its
 * processor, and a busy machine does not stretch the bracket of a fault.
 *
 * Of the thread, not of the process: Node.js's event loop, spinning at such a priority until a helper thread of its own
 * has had its turn, keeps that thread from its turn (measured: 20 labs on two cores came to a standstill).
 */
import os from 'node:os';
import { load } from 'koffi';
import * as z from 'zod';

/** Scheduling policies of linux/sched.h. */
const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
/** Priority above what threads of the kernel's own take by default, which is at most half of sched(7)'s 99. */
const PRIORITY = 50;
/** The best niceness of sched(7), where real-time scheduling is not to be had. */
const NICENESS = -20;

const setScheduler = load(null).func('int sched_setscheduler(int thread, int policy, const int *priority)');

/** The thread that calls, to the kernel. */
const THIS = 0;

/**
 * Gives real-time scheduling to the thread that calls, or to another process's first one, and for what it starts; does
 * nothing where the system does not let us (the machine's CAP_SYS_NICE), and takes the best niceness where a container's
 * control group has no budget for real-time scheduling.
 */
export function beginRealTime(thread = THIS): void {
  if (!schedule(thread, SCHED_FIFO, PRIORITY)) setNiceness(thread, NICENESS);
}

export function endRealTime(): void {
  schedule(THIS, SCHED_OTHER, 0);
  setNiceness(THIS, 0);
}

function schedule(thread: number, policy: number, priority: number): boolean {
  return z.number().parse(setScheduler(thread, policy, [priority])) === 0;
}

function setNiceness(thread: number, niceness: number): void {
  try {
    os.setPriority(thread, niceness);
  } catch {
    // Niceness is not to be had either: the bracket says what became of it.
  }
}
