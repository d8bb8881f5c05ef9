/** The command line: one subcommand each for the npm scripts. Exit codes are those of `EXIT`. */
import { analyzeCommand } from './commands/analyze.ts';
import { classifyCommand } from './commands/classify.ts';
import { figuresCommand } from './commands/figures.ts';
import { paperCommand } from './commands/paper.ts';
import { regressCommand } from './commands/regress.ts';
import { EXIT, messageOf } from './contracts/errors.ts';

type Command = (argv: readonly string[]) => Promise<number>;

/** Commands that need the lab are loaded when asked for, so that the others start at once. */
const COMMANDS: Readonly<Record<string, Command>> = {
  scenario: async (argv) => (await import('./commands/scenario.ts')).scenarioCommand(argv),
  sweep: async () => (await import('./commands/sweep.ts')).sweepCommand(),
  bench: async (argv) => (await import('./commands/bench.ts')).benchCommand(argv),
  test: async (argv) => (await import('./commands/test.ts')).testCommand(argv),
  analyze: analyzeCommand,
  classify: classifyCommand,
  figures: figuresCommand,
  paper: paperCommand,
  regress: regressCommand,
};

/** Runs one command; `argv` is its name and its arguments. Gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name = '', ...rest] = argv;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`No command «${name}». Known: ${Object.keys(COMMANDS).join(', ')}.\n`);
    return EXIT.cannotRun;
  }
  try {
    return await command(rest);
  } catch (error) {
    process.stderr.write(`killswitch-lab: ${messageOf(error)}\n`);
    return EXIT.cannotRun;
  }
}
