/** The live timeline of a trial: every event as it is seen, who waits for which, and timeline.jsonl at the end. */
import { writeFile } from 'node:fs/promises';
import type { TimelineEvent } from '../../records/timeline.ts';

export class Timeline {
  readonly #events: TimelineEvent[] = [];
  readonly #watchers = new Set<(event: TimelineEvent) => void>();

  readonly add = (event: TimelineEvent): void => {
    this.#events.push(event);
    for (const watcher of this.#watchers) watcher(event);
  };

  get events(): readonly TimelineEvent[] {
    return this.#events;
  }

  /**
   * Resolves at the n-th event from now on that `matches`, in the same turn of the event loop in which it is added; or
   * with null after `timeoutSeconds`. Rejects when `signal` aborts.
   */
  next(
    matches: (event: TimelineEvent) => boolean,
    options: { readonly nth?: number; readonly timeoutSeconds: number; readonly signal: AbortSignal },
  ): Promise<TimelineEvent | null> {
    options.signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      let left = options.nth ?? 1;
      const watcher = (event: TimelineEvent): void => {
        if (!matches(event)) return;
        left -= 1;
        if (left === 0) settle(() => resolve(event));
      };
      const timer = setTimeout(() => settle(() => resolve(null)), options.timeoutSeconds * 1000);
      const onAbort = (): void => settle(() => reject(abortReason(options.signal)));
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        options.signal.removeEventListener('abort', onAbort);
        this.#watchers.delete(watcher);
        how();
      };
      options.signal.addEventListener('abort', onAbort, { once: true });
      this.#watchers.add(watcher);
    });
  }

  /** Writes timeline.jsonl, in the order of the instants. */
  async save(file: string): Promise<void> {
    const sorted = [...this.#events].sort((a, b) => a.atNs - b.atNs);
    await writeFile(file, sorted.map((event) => JSON.stringify(event) + '\n').join(''));
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('stopped');
}

/** An observation window of fixed length: the one thing that is a wait and not an event. Rejects when aborted. */
export function observe(seconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, seconds * 1000);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
