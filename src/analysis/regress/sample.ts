/** What the gate compares of a cell: its raw values, not their summaries, since tests by ranks need them. */
import * as z from 'zod';
import { MOST_BYTES, list } from '../../records/bounded.ts';
import { exposedParties, judged, valuesOf } from '../summary/cells.ts';
import type { TrialRow } from '../summary/rows.ts';
import { US_PER_SECOND } from '../../records/units.ts';

/** Tests count through the trials one by one. */
const MOST_TRIALS = 1_000_000;
const trials = z.number().int().nonnegative().max(MOST_TRIALS);
/** Seconds, bytes or parties of a trial: bytes are the most. */
const value = z.number().nonnegative().max(MOST_BYTES);
const values = list(value, MOST_TRIALS);

export const sampleSchema = z
  .object({
    leaks: trials,
    judged: trials,
    /** Gaps of the leaking trials, in seconds. */
    gap: values,
    /** Clear bytes of all judged trials. */
    clearBytes: values,
    exposedParties: values,
    /** Recovery of all judged trials, in seconds; null where no payload came back. */
    recovery: list(value.nullable(), MOST_TRIALS),
  })
  .refine(({ leaks, judged }) => leaks <= judged, 'has more leaks than judged trials');
export type Sample = z.infer<typeof sampleSchema>;

/** The sample of a cell's trials; seconds to the microsecond, so that a baseline stays readable. */
export function sampleOf(rows: readonly TrialRow[]): Sample {
  const evidence = judged(rows);
  return {
    leaks: rows.filter(({ verdict }) => verdict === 'leak').length,
    judged: rows.filter(({ verdict }) => verdict === 'leak' || verdict === 'no-leak').length,
    gap: valuesOf(evidence, ({ gapSeconds }) => gapSeconds).map(toMicroseconds),
    clearBytes: valuesOf(evidence, ({ clearBytes }) => clearBytes),
    exposedParties: valuesOf(evidence, exposedParties),
    recovery: evidence.map(({ recoverySeconds }) =>
      recoverySeconds === null ? null : toMicroseconds(recoverySeconds),
    ),
  };
}

function toMicroseconds(seconds: number): number {
  return Math.round(seconds * US_PER_SECOND) / US_PER_SECOND;
}
