/**
 * Starts what goes on by itself after an injection. The result asks it to end, waits for it, and rejects as it did: that
 * it failed is told there, and ends no process before.
 */
export function inBackground(work: (signal: AbortSignal) => Promise<void>): () => Promise<void> {
  const stop = new AbortController();
  const ended = work(stop.signal);
  ended.catch(() => undefined);
  return () => {
    stop.abort();
    return ended;
  };
}
