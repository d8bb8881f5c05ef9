/** What one trial is told, and how long it may take. */
import * as z from 'zod';
import { conditionsSchema } from '../../records/conditions.ts';
import { cellSchema } from '../../records/identity.ts';
import { latestSeconds, parseMoment } from './moments.ts';

/** All that one trial needs to know: sent to the trial's process, parsed there. */
export const trialSpecSchema = z.object({
  trial: z.string(),
  cell: cellSchema,
  repetition: z.number().int().nonnegative(),
  /** Number of the attempt, as in the trial's record. */
  attempt: z.number().int().nonnegative(),
  repeats: z.string().nullable(),
  seed: z.number().int().nonnegative(),
  ...conditionsSchema.shape,
  /** The trial's folder in the campaign; made by the trial. */
  folder: z.string(),
});
export type TrialSpec = z.infer<typeof trialSpecSchema>;

/** A trial as planned; where its folder is and which attempt it is the campaign knows. */
export type PlannedTrial = Omit<TrialSpec, 'folder' | 'attempt' | 'repeats'>;

/** What one trial is planned to take: its windows, and what opening, steady state and sealing take at the median. */
export function trialSeconds({ observe, retrieval }: PlannedTrial): number {
  const OVERHEAD_SECONDS = 9;
  return Math.max(observe.outage + observe.recovery, retrieval?.horizon ?? 0) + OVERHEAD_SECONDS;
}

/** Seconds after which a trial is not slow but stuck: all its windows, and more than any other step has been seen to take. */
export function longestSeconds({ cell, observe, retrieval }: PlannedTrial): number {
  const OTHER_STEPS_SECONDS = 300;
  const moment = latestSeconds(parseMoment(cell.moment));
  return observe.steady + moment + observe.outage + observe.recovery + (retrieval?.horizon ?? 0) + OTHER_STEPS_SECONDS;
}
