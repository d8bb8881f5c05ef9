/** manifest.json: what a campaign was asked to do, and where it ran. */
import * as z from 'zod';
import { count, date, folderName, labSeconds, list, prose, said, seed, word } from './bounded.ts';
import { FORBIDDEN } from './findings.ts';
import { cellNamesSchema, cellSchema } from './identity.ts';
import { RECORDS_VERSION } from './vocabulary.ts';

/** Every client with every kill switch, fault and a few moments is about 20,000. */
const MOST_CELLS = 50_000;
/** A client has one or two, the tools and libraries of the lab a few dozen. */
const MOST_VERSIONS = 1000;
const MOST_TRIALS_PER_CELL = 1_000_000;

export const manifestSchema = z.object({
  version: z.literal(RECORDS_VERSION),
  campaign: folderName,
  startedAt: date,
  scenario: z.object({
    name: word,
    title: said,
    hypothesis: prose,
    /** The scenario file as run, word for word, after the command line's restrictions. */
    source: prose,
    /** Folder where the scenario's relative paths start, seen from the results; absent where it has none. */
    folder: word.optional(),
    cells: list(cellSchema, MOST_CELLS),
    /** Trials of each cell; the most it may have where the campaign is sequential. */
    trialsPerCell: count.max(MOST_TRIALS_PER_CELL),
    /** Looks (in trials of a cell) and interval width by which cells stop; absent where every cell gets the same. */
    sequential: z
      .object({ looks: list(count.max(MOST_TRIALS_PER_CELL)).min(1), width: z.number().positive().max(1) })
      .optional(),
    /** What a stranger is asked after the trial, in seconds, as run; absent where nobody is. */
    retrieval: z.object({ every: labSeconds, horizon: labSeconds }).optional(),
    /** Kill switches of the cells that bring another tunnel than the arm without one has, which is no control of theirs. */
    uncontrolled: list(word).optional(),
    /** Kill switches of the cells whose leak makes the run end with exit code 1, as they stand in the cells. */
    mustNotLeak: list(word),
    /** Cells in which nothing may reach so far or farther, in any phase; absent where there are none. */
    mustNotReach: list(cellNamesSchema.extend({ reach: z.enum(FORBIDDEN) }), MOST_CELLS).optional(),
  }),
  seed,
  lab: z.object({ backend: z.enum(['netns', 'docker']), tunnel: word, jobs: count }),
  versions: z
    .record(word, said)
    .refine((versions) => Object.keys(versions).length <= MOST_VERSIONS, `must be at most ${MOST_VERSIONS} versions`),
  machine: z.object({
    /** Name that tells machines apart and says nothing of them; absent in older manifests. */
    id: word.optional(),
    ...{ kernel: word, architecture: word, cores: count, memoryMiB: count },
  }),
  commit: word.nullable(),
});
export type Manifest = z.infer<typeof manifestSchema>;
