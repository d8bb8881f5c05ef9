/** What the gate compares of a cell: its raw values, not their summaries, since tests by ranks need them. */
import * as z from 'zod';
import { exposedParties, judged, valuesOf } from '../summary/cells.ts';
import type { TrialRow } from '../summary/rows.ts';

const count = z.number().int().nonnegative();
const values = z.array(z.number());

export const sampleSchema = z.object({
  leaks: count,
  judged: count,
  /** Gaps of the leaking trials, in seconds. */
  gap: values,
  /** Clear bytes of all judged trials. */
  clearBytes: values,
  exposedParties: values,
  /** Recovery of all judged trials, in seconds; null where no payload came back. */
  recovery: z.array(z.number().nullable()),
});
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
  return Math.round(seconds * 1e6) / 1e6;
}
