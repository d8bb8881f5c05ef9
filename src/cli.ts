/** The command line: one subcommand each for the npm scripts. Exit codes are those of `EXIT`. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import * as z from 'zod';
import { listenForInterruption } from './commands/interruption.ts';
import { EXIT, exitOf, messageOf } from './contracts/errors.ts';
import { terminalText } from './contracts/media.ts';
import { inProject } from './contracts/places.ts';

type Run = (argv: readonly string[]) => Promise<number>;

interface Subcommand {
  /** What it is for, in a line. */
  readonly does: string;
  /** Each is loaded when asked for, so that the others start at once. */
  readonly load: () => Promise<Run>;
}

const COMMANDS: Readonly<Record<string, Subcommand>> = {
  scenario: {
    does: 'runs a scenario: a campaign of trials, its figures and its report',
    load: async () => (await import('./commands/scenario.ts')).scenarioCommand,
  },
  analyze: {
    does: 'makes everything derived anew from the records and captures of a campaign',
    load: async () => (await import('./commands/analyze.ts')).analyzeCommand,
  },
  classify: {
    does: 'names every packet of a capture that leaves the client outside its tunnel',
    load: async () => (await import('./commands/classify.ts')).classifyCommand,
  },
  figures: {
    does: 'draws the figures of a campaign, or the timelines of trials',
    load: async () => (await import('./commands/figures.ts')).figuresCommand,
  },
  paper: {
    does: 'builds the paper with the numbers of a campaign',
    load: async () => (await import('./commands/paper.ts')).paperCommand,
  },
  regress: {
    does: 'holds a campaign against a baseline',
    load: async () => (await import('./commands/regress.ts')).regressCommand,
  },
  bench: {
    does: 'measures speed and memory of the lab itself',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
  test: {
    does: 'formatter, linter, compiler and all tests, or those that are named',
    load: async () => (await import('./commands/test.ts')).testCommand,
  },
  sweep: {
    does: 'removes what a killed run left behind',
    load: async () => (await import('./commands/sweep.ts')).sweepCommand,
  },
};

/** Runs one command; `argv` is its name and its arguments. Gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  listenForInterruption();
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => process.exit(sayFailure(error)));
  }
  try {
    return await dispatch(argv);
  } catch (error) {
    return sayFailure(error);
  }
}

/** `help`, `help COMMAND`, `--version`, a name that is none: answered here. Everything else is the command's. */
async function dispatch(argv: readonly string[]): Promise<number> {
  const [first = 'help', second] = argv;
  const isKnown = first.startsWith('-') || first === 'help' || Object.hasOwn(COMMANDS, first);
  const words = !isKnown ? [first] : first === 'help' && second !== undefined ? [second, '--help'] : [...argv];
  const chosen: (() => Promise<number>)[] = [];
  const program = new Command('npm run')
    .usage('COMMAND -- [arguments]')
    .version(version())
    .helpCommand('help [command]', 'says what a command takes, as COMMAND -- --help does')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', `\n${EXIT_CODES}`);
  for (const [name, { does, load }] of Object.entries(COMMANDS)) {
    const subcommand = program.command(name).description(does).helpOption(false);
    subcommand
      .allowUnknownOption()
      .passThroughOptions()
      .argument('[arguments...]')
      .action((given: readonly string[]) => {
        chosen.push(async () => (await load())(given));
      });
  }
  try {
    program.parse(words.length === 0 ? ['help'] : words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.cannotRun;
    throw error;
  }
  return (await chosen[0]?.()) ?? EXIT.done;
}

const EXIT_CODES = `Exit codes: ${EXIT.done} done; ${EXIT.leaked} a leak or a regression where there must be none; \
${EXIT.cannotRun} could not run or could not say;
${EXIT.harnessFailed} killswitch-lab itself failed; ${EXIT.interrupted} interrupted (all finished trials are kept).`;

function version(): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(inProject('package.json'), 'utf8'))).version;
}

/** Says what ended the command: a sentence for what was asked wrongly, the stack for what went wrong in here. */
function sayFailure(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done; // it has printed what it was asked for
    process.stderr.write(terminalText(`killswitch-lab: ${messageOf(error)}\n`));
    return EXIT.cannotRun;
  }
  const code = exitOf(error);
  if (code !== EXIT.harnessFailed) {
    process.stderr.write(terminalText(`killswitch-lab: ${messageOf(error)}\n`));
    return code;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    terminalText(`killswitch-lab: ${stack}\n`) +
      `This is a fault of killswitch-lab itself and says nothing about what was measured. ` +
      'What is sealed is kept; report it with the lines above.\n',
  );
  return code;
}
