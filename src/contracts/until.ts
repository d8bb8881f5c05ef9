/**
 * The two ways to wait, both with an end: for an event (`within`), and for what tells nobody that it has come about, by
 * looking again and again (`until`). A wait that was given up says what was waited for.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** How long an event is waited for, and what is said when it has not come. */
export interface Patience {
  /** What is waited for, as it follows «Waited in vain for»: `the daemon of the tunnel to end`. */
  readonly what: string;
  /** Milliseconds after which the wait is given up. */
  readonly patienceMs: number;
  /** Ends the wait with its reason: the trial is stopped, or what is waited for can no longer come about. */
  readonly signal?: AbortSignal | undefined;
  /** Says more in the message of a wait that was given up, such as the last words of a log. */
  readonly detail?: () => string;
}

/** How a condition is waited for. Where an event tells of it, wait for the event instead. */
export interface Wait extends Patience {
  /** Milliseconds between two looks. */
  readonly everyMs: number;
}

/** Settles as the event does. Throws the reason of the signal, and an error that says what was waited for and how long. */
export async function within<T>(event: Promise<T>, patience: Patience): Promise<T> {
  const { patienceMs, signal } = patience;
  return new Promise((resolve, reject) => {
    const stopped = (): void => settle(() => reject(asError(signal?.reason)));
    const timer = setTimeout(() => settle(() => reject(inVain(patience))), patienceMs);
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stopped);
      how();
    };
    event.then(
      (come) => settle(() => resolve(come)),
      (error: unknown) => settle(() => reject(asError(error))),
    );
    signal?.addEventListener('abort', stopped, { once: true });
    if (signal?.aborted === true) stopped();
  });
}

/**
 * Resolves when a look finds the condition true; the first one is at once. Throws what a look throws, the reason of the
 * signal, and an error that says what was waited for and how long.
 */
export async function until(condition: () => boolean | Promise<boolean>, wait: Wait): Promise<void> {
  const { everyMs, patienceMs, signal } = wait;
  const giveUp = performance.now() + patienceMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = await condition();
    if (found) return;
    signal?.throwIfAborted();
    if (performance.now() >= giveUp) throw inVain(wait);
    await delay(everyMs, undefined, signal && { signal }).catch(() => undefined);
  }
}

/** Aborted when `end` resolves, with the error that `why` makes of it: ends a wait for what cannot come about after that. */
export function abortedBy<T>(end: Promise<T>, why: (how: T) => Error): AbortSignal {
  const over = new AbortController();
  void end.then((how) => over.abort(why(how)));
  return over.signal;
}

function inVain({ what, patienceMs, detail }: Patience): Error {
  const more = detail === undefined ? '' : `; ${detail()}`;
  return new Error(`Waited in vain for ${what}, for ${patienceMs / 1000} s${more}`);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
