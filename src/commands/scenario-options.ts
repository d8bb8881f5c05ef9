/** The command line of `npm run scenario`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseShare } from '../analysis/statistics/planning.ts';
import { DURATION_HINT, parseSeconds } from '../contracts/durations.ts';
import { MOST_TRIALS } from '../harness/campaign/scenario.ts';
import { BACKENDS, type Backend } from '../harness/labs/choose.ts';

export interface ScenarioOptions {
  readonly lab: Backend | 'auto';
  readonly clientImage?: string;
  readonly client?: readonly string[];
  readonly switch?: readonly string[];
  readonly fault?: readonly string[];
  readonly trials?: number;
  readonly planFor?: number;
  readonly horizon?: number;
  readonly every?: number;
  readonly jobs: number | 'auto';
  readonly seed: number;
  readonly out?: string;
  readonly resume?: string;
  readonly watch: boolean;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly list: boolean;
  readonly clients?: true;
  readonly switches?: true;
  readonly faults?: true;
  readonly markdown?: true;
}

/** Commas separate names, except inside the parentheses of a parameter list. */
function nameList(text: string): string[] {
  const names = text.split(/,(?![^(]*\))/).map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('Give names separated by commas.');
  return names;
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

function duration(text: string): number {
  const seconds = parseSeconds(text);
  if (seconds === null || seconds <= 0) throw new InvalidArgumentError(`Give a duration above zero: ${DURATION_HINT}.`);
  return seconds;
}

function share(text: string): number {
  const value = parseShare(text);
  if (value === null) throw new InvalidArgumentError('Give a share such as 1% or 0.01.');
  return value;
}

const DEFAULT_SEED = 1;
/** The generator of plans takes 32 bits (pure-rand). */
const MOST_SEED = 2 ** 32 - 1;
/** A lab takes up to 400 MiB, so no machine that anybody has got so far runs more. */
const MOST_JOBS = 1000;

/** Throws `CommanderError` for what it does not know. */
export function parseOptions(argv: readonly string[]): {
  readonly name: string | undefined;
  readonly options: ScenarioOptions;
} {
  const program = new Command('npm run scenario --')
    .description(
      'runs a scenario: plans it, sees to what it needs, runs its trials, derives and shows what they came to',
    )
    .argument('[scenario]', 'a name from --list, or the path of a .yaml file')
    .addOption(new Option('--lab <backend>', 'where the lab is built').choices([...BACKENDS, 'auto']).default('auto'))
    .option('--client-image <image>', 'run the client from this image (Debian or Ubuntu inside); implies --lab docker')
    .option('--client <names>', 'only these clients', nameList)
    .option('--switch <names>', 'only these kill switches', nameList)
    .option('--fault <names>', 'only these faults', nameList)
    .option('--trials <n>', 'trials per cell', wholeNumber(1, MOST_TRIALS))
    .option('--plan-for <share>', 'say how many trials an upper bound of e.g. 1% takes, and do nothing', share)
    .option('--horizon <time>', 'for how long after the fault the swarm is asked, e.g. 55m', duration)
    .option('--every <time>', 'between two rounds of questions to the swarm', duration)
    .option(
      '--jobs <n|auto>',
      'labs side by side',
      (text) => (text === 'auto' ? text : wholeNumber(1, MOST_JOBS)(text)),
      'auto',
    )
    .option('--seed <n>', 'seed of the plan and the payload', wholeNumber(0, MOST_SEED), DEFAULT_SEED)
    .option('--out <dir>', 'results folder (default: results/<scenario>-<time>)')
    .option('--resume <dir>', 'go on with a campaign that was interrupted')
    .option('--watch', 'serve a page that shows the run, on this machine only', false)
    .option('--json', 'print the summary as JSON', false)
    .option('--dry-run', 'print the plan and do nothing', false)
    .option('--list', 'list the scenarios', false)
    .addOption(new Option('--clients', 'with --list: the torrent clients').conflicts(['switches', 'faults']))
    .addOption(new Option('--switches', 'with --list: the kill switches').conflicts('faults'))
    .option('--faults', 'with --list: the faults')
    .addOption(new Option('--markdown', 'with --clients: as in docs/clients.md').conflicts(['switches', 'faults']))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  program.parse([...argv], { from: 'user' });
  return { name: program.args[0], options: program.opts<ScenarioOptions>() };
}
