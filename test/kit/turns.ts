/** Work that is entered while tests are named, and done before and beside them, some at once. */
import pMap from 'p-map';

export class Turns {
  readonly #entered: (() => Promise<unknown>)[] = [];

  /** What is given back waits for the work's turn and its end; it is for hooks and tests. */
  enter<T>(work: () => Promise<T>): () => Promise<T> {
    let settle: ((run: Promise<T>) => void) | undefined;
    const done = new Promise<T>((resolve) => (settle = resolve));
    // What fails is its own test's matter, whenever that comes to it.
    done.catch(() => undefined);
    this.#entered.push(() => {
      const run = work();
      settle?.(run);
      return run.catch(() => undefined);
    });
    return () => done;
  }

  /** Starts what has been entered, `atOnce` at a time. */
  begin(atOnce: number): void {
    void pMap(this.#entered, (work) => work(), { concurrency: atOnce });
  }
}
