/** One line of `npm run bench`: what was measured, and beside what in the same run. */
import { median } from 'simple-statistics';

export interface BenchRow {
  readonly name: string;
  readonly unit: string;
  /** Number of measurements behind the median. */
  readonly n: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Peer that the median is set against: another program timed in the same run, or the limit it is to keep. */
  readonly peer: string;
  /** Median divided by the peer's median (or by the limit). */
  readonly ratio: number;
}

/** A row from its measurements and the peer's median (or the limit) in the same unit. */
export function benchRow(
  name: string,
  unit: string,
  values: readonly number[],
  peer: { readonly name: string; readonly value: number },
): BenchRow {
  const middle = median([...values]);
  return {
    name,
    unit,
    n: values.length,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    peer: peer.name,
    ratio: middle / peer.value,
  };
}
