/** sessions.jsonl: what each run of the harness had to say. */
import * as z from 'zod';
import { count, list, said, word } from './bounded.ts';

/**
 * One campaign takes one session of the harness, or several where it was interrupted. A session without its end was
 * killed.
 */
export const sessionRecordSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('started'),
    at: word,
    commit: word.nullable(),
    /** Trials that were already sealed. */
    sealed: count,
    /** What is watched outside the labs: the addresses no frame may bear there; in words why, where nothing is. */
    watch: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('armed'), addresses: list(word), leftOut: list(word) }),
      z.object({ kind: z.literal('none'), reason: said }),
    ]),
  }),
  z.object({
    event: z.literal('ended'),
    at: word,
    how: z.enum(['finished', 'interrupted', 'failed', 'escaped']),
    /** Frames with a lab's address seen outside the labs: one is one too many. Null where nothing was watched. */
    escaped: z.object({ frames: count, dropped: count.nullable(), first: list(said) }).nullable(),
  }),
]);
export type SessionRecord = z.infer<typeof sessionRecordSchema>;
