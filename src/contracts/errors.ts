/** Errors a person can act on. Each names the thing, the value, what is allowed and the next step. */
import type { Argv, CommandFailure, ExitStatus, Member } from './host.ts';

/**
 * Exit codes of every command. `leaked` says that something was measured and is as it must not be: a leak where the
 * scenario allows none, a figure that regressed, a claim of the lab about itself that did not hold (its self-test, labs
 * side by side, its own tests). Nothing else ends with it. `cannotRun`: could not run, or could not say. `harnessFailed`: the
 * harness itself failed, so nothing is said about what was to be measured.
 */
export const EXIT = { done: 0, leaked: 1, cannotRun: 2, harnessFailed: 3, interrupted: 130 } as const;

/** The request cannot be carried out as it was made: bad name, bad field, missing tool or privilege. Exit code 2. */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';
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

/** What the system says of a path, a disk or a right that the user gave, or did not; out of descriptors is not among them. */
const OF_THE_SYSTEM = new Set([
  ...['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'ENAMETOOLONG', 'ELOOP', 'EINVAL'],
  ...['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', 'EADDRINUSE'],
]);

/** The exit code for an error that reached the command line. */
export function exitOf(error: unknown): number {
  if (error instanceof RequestError) return EXIT.cannotRun;
  const isSystems =
    error instanceof Error && 'path' in error && 'code' in error && OF_THE_SYSTEM.has(String(error.code));
  return isSystems ? EXIT.cannotRun : EXIT.harnessFailed;
}
