/** Command-line arguments through commander, with exit codes given back instead of the process ended. */
import { CommanderError, type Command } from 'commander';
import { EXIT } from '../contracts/errors.ts';

/** Parses `argv`; null when the command is to go on, else the exit code (0 after --help, 2 after a mistake). */
export function parseArguments(command: Command, argv: readonly string[]): number | null {
  try {
    command
      .exitOverride()
      .showHelpAfterError('(--help shows what is allowed)')
      .parse([...argv], { from: 'user' });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.done : EXIT.cannotRun;
  }
}
