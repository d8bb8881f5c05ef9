/** The one way to wait for what tells nobody that it has come about: to look, again and again, for so long. */
import { setTimeout } from 'node:timers/promises';

/** How a condition is waited for. Where an event tells of it, wait for the event instead. */
export interface Wait {
  /** What is waited for, as it follows «Waited in vain for»: `the daemon of the tunnel to end`. */
  readonly what: string;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** Milliseconds after which the wait is given up. */
  readonly patienceMs: number;
  /** Ends the wait with its reason: the trial is stopped, or what is waited for can no longer come about. */
  readonly signal?: AbortSignal | undefined;
  /** Says more in the message of a wait that was given up, such as the last words of a log. */
  readonly detail?: () => string;
}

/**
 * Resolves when a look finds the condition true; the first one is at once. Throws what a look throws, the reason of the
 * signal, and an error that says what was waited for and how long.
 */
export async function until(condition: () => boolean | Promise<boolean>, wait: Wait): Promise<void> {
  const { what, everyMs, patienceMs, signal, detail } = wait;
  const giveUp = performance.now() + patienceMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = await condition();
    if (found) return;
    signal?.throwIfAborted();
    if (performance.now() >= giveUp) {
      const more = detail === undefined ? '' : `; ${detail()}`;
      throw new Error(`Waited in vain for ${what}, for ${patienceMs / 1000} s${more}`);
    }
    await setTimeout(everyMs, undefined, signal && { signal }).catch(() => undefined);
  }
}

/** Aborted when `end` resolves, with the error that `why` makes of it: ends a wait for what cannot come about after that. */
export function abortedBy<T>(end: Promise<T>, why: (how: T) => Error): AbortSignal {
  const over = new AbortController();
  void end.then((how) => over.abort(why(how)));
  return over.signal;
}
