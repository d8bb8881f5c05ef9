/**
 * Notices an input on which a parser never ends, which the test itself cannot: a thread of its own looks at the input now
 * being parsed, says which it was, and ends the process.
 */
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

const LOOK_MS = 10_000;
const HEADER_BYTES = 8;
const LONGEST_BYTES = 4096;

const THREAD = `
const { workerData: { shared, lookMs, header } } = require('node:worker_threads');
const [words, bytes] = [new Int32Array(shared, 0, 2), new Uint8Array(shared, header)];
let last = -1;
setInterval(() => {
  const now = Atomics.load(words, 0);
  if (now === last && now % 2 === 1) {
    const input = Buffer.from(bytes.slice(0, Atomics.load(words, 1))).toString('hex');
    require('node:fs').writeSync(2, 'A parser did not end within ' + lookMs / 1000 + ' s on these bytes: ' + input + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
  last = now;
}, lookMs);
`;

export class Watchdog implements AsyncDisposable {
  readonly #shared = new SharedArrayBuffer(HEADER_BYTES + LONGEST_BYTES);
  readonly #words = new Int32Array(this.#shared, 0, 2);
  readonly #bytes = new Uint8Array(this.#shared, HEADER_BYTES);
  readonly #thread: Worker;

  constructor() {
    const workerData = { shared: this.#shared, lookMs: LOOK_MS, header: HEADER_BYTES };
    this.#thread = new Worker(THREAD, { eval: true, workerData });
    this.#thread.once('error', (error) => writeSync(2, `${error.message}\n`));
  }

  /** Runs `parse` under the watch: the counter is odd while it runs. */
  watch<T>(input: Uint8Array, parse: (input: Uint8Array) => T): T {
    this.#bytes.set(input.subarray(0, LONGEST_BYTES));
    Atomics.store(this.#words, 1, Math.min(input.length, LONGEST_BYTES));
    Atomics.add(this.#words, 0, 1);
    try {
      return parse(input);
    } finally {
      Atomics.add(this.#words, 0, 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}
