/** Errors a person can act on. Each names the thing, the value, what is allowed and the next step. */
import type { Argv, CommandFailure, ExitStatus, Member } from './host.ts';

/** Exit codes of the command line: done, a leak or regression where there must be none, could not run, interrupted. */
export const EXIT = { done: 0, leaked: 1, cannotRun: 2, interrupted: 130 } as const;

/** The request cannot be carried out as it was made: bad name, bad field, missing tool or privilege. Exit code 2. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/**
 * Error that says that this kernel, lab or client cannot do what the cell asks for; declared by a plugin, never
 * inferred.
 */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

export class CommandFailed extends Error implements CommandFailure {
  override readonly name = 'CommandFailed';
  readonly argv: Argv;
  readonly host: Member;
  readonly status: ExitStatus | null;
  readonly stderr: string;

  constructor(host: Member, argv: Argv, status: ExitStatus | null, stderr: string) {
    const how = status === null ? 'could not be started' : `ended with ${describeExit(status)}`;
    super(`on host ${host}, «${argv.join(' ')}» ${how}: ${stderr.trim().slice(-600) || '(no message)'}`);
    this.argv = argv;
    this.host = host;
    this.status = status;
    this.stderr = stderr;
  }
}

/** «exit code 3» or «signal SIGKILL». */
export function describeExit(status: ExitStatus): string {
  return status.signal === null ? `exit code ${status.code ?? 'unknown'}` : `signal ${status.signal}`;
}

/** What went wrong, for a person: the message of an error, or the thing itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
