/** Runs a command in this process and catches what it prints. */
import { CommanderError } from 'commander';
import { analyzeCommand } from '../../src/commands/analyze.ts';
import { classifyCommand } from '../../src/commands/classify.ts';
import { figuresCommand } from '../../src/commands/figures.ts';
import { paperCommand } from '../../src/commands/paper.ts';
import { regressCommand } from '../../src/commands/regress.ts';
import { scenarioCommand } from '../../src/commands/scenario.ts';
import { EXIT, exitOf, messageOf } from '../../src/contracts/errors.ts';
import { terminalText } from '../../src/contracts/media.ts';

const COMMANDS = {
  analyze: analyzeCommand,
  classify: classifyCommand,
  figures: figuresCommand,
  paper: paperCommand,
  regress: regressCommand,
  scenario: scenarioCommand,
} as const;

export interface Spoken {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command as the command line does, its failure in words on stderr. */
export function spoken(name: keyof typeof COMMANDS, ...argv: readonly string[]): Promise<Spoken> {
  return caught(() =>
    COMMANDS[name](argv).catch((error: unknown) => {
      process.stderr.write(terminalText(messageOf(error)));
      return error instanceof CommanderError ? EXIT.cannotRun : exitOf(error);
    }),
  );
}

/** The exit code that `run` gives, and what is printed meanwhile. */
export async function caught(run: () => Promise<number>): Promise<Spoken> {
  const said = { out: '', err: '' };
  const toOut = process.stdout.write.bind(process.stdout);
  const toErr = process.stderr.write.bind(process.stderr);
  process.stdout.write = (text: string | Uint8Array) => {
    said.out += String(text);
    return true;
  };
  process.stderr.write = (text: string | Uint8Array) => {
    said.err += String(text);
    return true;
  };
  try {
    const code = await run();
    return { code, ...said };
  } finally {
    process.stdout.write = toOut;
    process.stderr.write = toErr;
  }
}
