/** manifest.json: what a campaign was asked to do, and where it ran. */
import * as z from 'zod';
import { cellSchema } from './identity.ts';
import { RECORDS_VERSION, count } from './vocabulary.ts';

export const manifestSchema = z.object({
  version: z.literal(RECORDS_VERSION),
  campaign: z.string(),
  startedAt: z.string(),
  scenario: z.object({
    name: z.string(),
    title: z.string(),
    hypothesis: z.string(),
    /** The scenario file as run, word for word, after the command line's restrictions. */
    source: z.string(),
    /** Where its relative paths start, seen from the results; absent where it has none. */
    folder: z.string().optional(),
    cells: z.array(cellSchema),
    /** At most, where the campaign is sequential. */
    trialsPerCell: count,
    /** Looks (in trials of a cell) and interval width by which cells stop; absent where every cell gets the same. */
    sequential: z.object({ looks: z.array(count).min(1), width: z.number() }).optional(),
    /** What a stranger is asked after the trial, in seconds, as run; absent where nobody is. */
    retrieval: z.object({ every: z.number(), horizon: z.number() }).optional(),
    /** Cells (by client x fault x moment) are compared within this family for multiple testing. */
    mustNotLeak: z.array(z.string()),
  }),
  seed: count,
  lab: z.object({ backend: z.enum(['netns', 'docker']), tunnel: z.string(), jobs: count }),
  versions: z.record(z.string(), z.string()),
  machine: z.object({ kernel: z.string(), architecture: z.string(), cores: count, memoryMiB: count }),
  commit: z.string().nullable(),
});
export type Manifest = z.infer<typeof manifestSchema>;
