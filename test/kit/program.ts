/** Programs that tests run to their end. One that fails says in its error how it ended and what it said last. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import type { Argv } from '../../src/contracts/host.ts';

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the program is given on its standard input; nothing when left out. */
  readonly input?: Uint8Array;
  /** Seconds after which the program is killed. */
  readonly seconds?: number;
}

const LAST_CHARACTERS = 4000;

/** Standard output of the program. Throws when it ends with another status than 0, or not within `options.seconds`. */
export function programOutput([program, ...args]: Argv, options: ProgramOptions = {}): Promise<string> {
  const { cwd, env, input = '', seconds } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { cwd, env, timeout: (seconds ?? 0) * 1000, killSignal: 'SIGKILL', maxBuffer: 1 << 28 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else {
          const { exitCode, signalCode } = child;
          const code = exitCode === null || exitCode < 0 ? error.message : `exit code ${exitCode}`;
          const ended = error.killed === true ? `no end within ${seconds ?? '?'} s` : (signalCode ?? code);
          const name = [program, ...args].map((word) => path.basename(word)).join(' ');
          const said = `standard error: ${lastOf(stderr)}\nstandard output: ${lastOf(stdout)}`;
          reject(new Error(`«${name}» ended with ${ended}\n${said}`, { cause: error }));
        }
      },
    );
    // One that does not read to the end has its reasons; its status says whether they are good.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

function lastOf(text: string): string {
  return text.trim().slice(-LAST_CHARACTERS) || '(nothing)';
}
