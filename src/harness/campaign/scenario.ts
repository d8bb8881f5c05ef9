/**
 * Scenarios: what is compared, read from scenarios/NAME.yaml or from a file someone brings. Nothing else decides what
 * is run. A wrong field is reported with file, line, field and what is allowed.
 */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { inProject } from '../../contracts/places.ts';
import { DURATION_HINT, parseSeconds } from '../../contracts/durations.ts';
import { RequestError } from '../../contracts/errors.ts';
import { stackFieldSchema } from '../labs/docker/compose.ts';
import { conditionsWith } from '../../records/conditions.ts';
import { complaintsOf } from './gates.ts';
import { parseYaml } from '../../contracts/yaml-file.ts';

const SCENARIOS_FOLDER = inProject('scenarios');

const duration = z.string().transform((text, context) => {
  const seconds = parseSeconds(text);
  if (seconds === null) {
    context.addIssue({ code: 'custom', message: `«${text}» is not a duration; ${DURATION_HINT}` });
    return z.NEVER;
  }
  return seconds;
});
/** Trials of a cell: they bound a leak's probability by 0.003 %. */
export const MOST_TRIALS = 100_000;

const names = z.array(z.string().min(1)).min(1);

/** Names of cells. */
const pattern = {
  client: z.string().optional(),
  killSwitch: z.string().optional(),
  fault: z.string().optional(),
  moment: z.string().optional(),
};

/** A scenario file. Unknown fields are refused: a misspelt one would silently change what is measured. */
const fieldsSchema = z.strictObject({
  title: z.string().min(1),
  /**
   * What is done with its trials: a campaign; or leaks are planted in them (`selftest`); or they are run one at a time and
   * many at a time, and compared (`concurrency`); or they are run on both backends, and compared (`agreement`).
   */
  kind: z.enum(['campaign', 'selftest', 'concurrency', 'agreement']).default('campaign'),
  hypothesis: z.string().min(1),
  clients: names,
  killSwitches: names,
  faults: names,
  moments: names.default(['delay 1s']),
  /** Trials per cell; with `sequential` the most a cell gets. */
  trials: z.number().int().min(1).max(MOST_TRIALS),
  /** Cells whose leak probability is known well enough at a look get no further trials. */
  sequential: z
    .strictObject({
      /** Trials of a cell after which it is looked at, beside the last. */
      looks: z
        .array(z.number().int().min(1))
        .min(1)
        .refine((looks) => looks.every((look, at) => look > (looks[at - 1] ?? 0)), 'must ascend'),
      /** Width of the interval at which a cell is known well enough. */
      width: z.number().gt(0).lt(1),
    })
    .optional(),
  /**
   * What makes the run end with exit code 1: a leak of the kill switch named; or, in the cells that have all the names
   * given, something that reaches so far, or farther, in any phase (left out: a third party).
   */
  mustNotLeak: z
    .array(
      z.union([z.string(), z.strictObject({ ...pattern, reach: z.string().optional() })], {
        error:
          'must be the name of a kill switch, or an object with any of client, killSwitch, fault, moment and reach',
      }),
    )
    .default([]),
  /** Cells left out: any of the four fields given must match. */
  exclude: z.array(z.strictObject(pattern)).default([]),
  /** Whether each client, kill switch and moment gets cells in which everything but the injection happens. */
  placebo: z.boolean().default(true),
  /** Whether a scenario that does not name the kill switch `none` gets its cells. */
  control: z.boolean().default(true),
  ...conditionsWith(duration),
  /** A stack of the user's own: its client and its VPN in containers, instead of the catalogue's. */
  stack: stackFieldSchema.optional(),
});

const scenarioSchema = fieldsSchema
  .refine(({ kind, sequential }) => kind === 'campaign' || sequential === undefined, {
    path: ['sequential'],
    message: 'only a campaign can give its cells different numbers of trials',
  })
  .refine(({ trials, sequential }) => sequential?.looks.every((look) => look < trials) !== false, {
    path: ['sequential', 'looks'],
    message: 'every look must be below «trials», which is the last',
  })
  .superRefine((scenario, context) => {
    for (const { where, message } of complaintsOf(scenario)) {
      context.addIssue({ code: 'custom', path: where, message });
    }
  });

/** What stands for a stack's own client and kill switch in a scenario. */
export const STACK = 'stack';

export interface Scenario extends z.infer<typeof scenarioSchema> {
  readonly name: string;
  /** The file, word for word. */
  readonly source: string;
  /** Folder where relative paths in the scenario start. */
  readonly folder: string;
}

/** Names and titles of the scenarios that come with the project, in alphabetical order. */
export async function listScenarios(): Promise<readonly { readonly name: string; readonly title: string }[]> {
  const files = (await readdir(SCENARIOS_FOLDER)).filter((file) => file.endsWith('.yaml')).sort();
  return Promise.all(
    files.map(async (file) => {
      const { name, title } = await loadScenario(file.replace(/\.yaml$/, ''));
      return { name, title };
    }),
  );
}

/** Loads a scenario by name, or from a path that ends in .yaml or .yml. Throws `RequestError`. */
export async function loadScenario(nameOrFile: string): Promise<Scenario> {
  const isFile = /\.ya?ml$/.test(nameOrFile);
  const file = isFile ? nameOrFile : path.join(SCENARIOS_FOLDER, `${nameOrFile}.yaml`);
  let source: string;
  try {
    source = await readFile(file, 'utf8');
  } catch {
    if (isFile) throw new RequestError(`Scenario file «${nameOrFile}» cannot be read. Give the path of a YAML file.`);
    const known = (await readdir(SCENARIOS_FOLDER)).filter((each) => each.endsWith('.yaml')).sort();
    throw new RequestError(
      `No scenario «${nameOrFile}». Known: ${known.map((each) => each.replace(/\.yaml$/, '')).join(', ')}; ` +
        'or give the path of a file that ends in .yaml.',
    );
  }
  return parseScenario(path.basename(file).replace(/\.ya?ml$/, ''), source, path.relative('', file) || file);
}

/** Parses a scenario's text; `file` is only named in errors. Throws `RequestError`. */
export function parseScenario(name: string, source: string, file: string): Scenario {
  return { name, source, folder: path.dirname(file), ...parseYaml(scenarioSchema, source, file) };
}
