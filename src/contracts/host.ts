/** Hosts of the lab and the programs that run on them: types only. */
import type { Readable, Writable } from 'node:stream';
import type { HostName } from '../records/vocabulary.ts';

/** A program and its arguments; never a shell string. */
export type Argv = readonly [program: string, ...args: string[]];

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Text for standard input, which is then closed. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Accept any exit status instead of throwing `CommandFailed`. */
  readonly anyStatus?: boolean;
}

export interface RunResult {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

/** Exit code or signal with which a process ended: one of the two is null. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Run as the lab's unprivileged user (torrent clients do) instead of the host's root. */
  readonly unprivileged?: boolean;
  /** Leaves an unprivileged program the way of set-user-id programs (fusermount3), which is closed to it otherwise. */
  readonly setuid?: boolean;
}

/** A process of a lab host. It dies with its lab, whatever becomes of the harness. */
export interface RunningProcess {
  /** Id of the process as the host's own processes see it. */
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ExitStatus>;
  /** Sends the signal at once (one system call); does nothing when the process has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Has its first thread come before all others, until that one puts an end to it. Absent where it must itself see to that. */
  hasten?(): void;
}

/** A program of the project's own at work on a host: told a line at a time, and telling. It dies with its lab. */
export interface LineProcess {
  /** Sets the one listener for lines of standard output; call it in the same turn as getting the process, or lines are lost. */
  hear(listener: (line: string) => void): void;
  /** Writes a line to standard input; does nothing when the process has ended. */
  tell(line: string): void;
  /** Last words of the process on standard error. */
  readonly complaints: string;
  /** Exit status of the process; `{ code: 0, signal: null }` for a lent one that went back to wait for its next lab. */
  readonly ended: Promise<ExitStatus>;
  /** Has it come before all others, as `RunningProcess.hasten` does. */
  hasten?(): void;
  kill(): void;
}

/** Place where a command runs: a host, or the link that all of the internet is on. */
export type Member = HostName | 'internet';

/** One host of the lab. */
export interface Host {
  readonly name: HostName;
  /** A folder of this host's own, seen under the same path by the harness; gone with the lab. */
  readonly folder: string;
  /** User that unprivileged programs run as; Debian's nobody and nogroup where left out. */
  readonly unprivileged?: { readonly uid: number; readonly gid: number };
  /** Runs a program to its end. Throws `CommandFailed` unless it exits 0 or `anyStatus` is set. */
  run(argv: Argv, options?: RunOptions): Promise<RunResult>;
  /** Starts a program; throws `CommandFailed` when it cannot be started. */
  spawn(argv: Argv, options?: SpawnOptions): Promise<RunningProcess>;
  /**
   * Puts a program of the project's own that can wait for work (programs/waiting.ts) to work on this host: one that outlives the lab
   * and then waits for the next. Absent where each is started for its lab.
   */
  lend?(argv: Argv, job: string): Promise<LineProcess>;
  /**
   * Ends every process of the unprivileged user in the lab, whatever it has become. Absent where the host's processes are
   * not a lab's own.
   */
  endUnprivileged?(): Promise<void>;
  /**
   * Puts the host, and what is started on it from then on, into a control group that its root may divide. Absent where that
   * root is the machine's. Throws `Unsupported` where there are none.
   */
  ownControlGroup?(): Promise<void>;
}

/** A program could not be started or ended with another status than 0. */
export interface CommandFailure extends Error {
  readonly argv: Argv;
  readonly host: Member;
  readonly status: ExitStatus | null;
  readonly stderr: string;
}

/** A command of the distribution and the package that brings it. */
export interface Need {
  /** Name of the command; for a package without one, the absolute path of a file or folder that it brings. */
  readonly command: string;
  readonly package: string;
}
