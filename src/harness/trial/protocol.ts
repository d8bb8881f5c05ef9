/** What the harness and a trial's process say to each other over the channel between them. */
import * as z from 'zod';
import { trialRecordSchema } from '../../records/trial-record.ts';
import { trialSpecSchema } from './spec.ts';

/** Message that tells a trial's process to end. */
export const NO_MORE = 'no more';

/** Task of a trial's process: one trial, and the lab it runs in. */
export const trialTaskSchema = z.object({
  spec: trialSpecSchema,
  /** What a lab in containers is told (labs/docker.ts); null for one in namespaces. */
  containers: z.unknown(),
});
export type TrialTask = z.infer<typeof trialTaskSchema>;

/** Messages of a trial's process while it runs. */
export const workerMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stage'), stage: z.string() }),
  /** `again`: it takes another trial; else it ends. */
  z.object({ type: z.literal('record'), record: trialRecordSchema, again: z.boolean() }),
  /** The results folder takes no more: nothing is wrong with the trial, and it is to be run anew. */
  z.object({ type: z.literal('no-room'), reason: z.string() }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;
