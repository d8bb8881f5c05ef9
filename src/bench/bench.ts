/** One of the benchmarks that `npm run bench` knows. */
import type { Need } from '../contracts/host.ts';
import type { BenchRow } from './row.ts';

export interface Bench {
  /** Commands that it starts on this machine, each with its package: provided before anything is measured. */
  needs(): Promise<readonly Need[]>;
  /** The measurements; the needs are met by then. */
  measure(): Promise<readonly BenchRow[]>;
}

/** The needs of a bench that starts nothing but Node.js. */
export const NO_NEEDS = (): Promise<readonly Need[]> => Promise.resolve([]);
