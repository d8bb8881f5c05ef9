/**
 * A client's main process under the adapter's eyes: its lines as they come, the wait for the one that says the torrent
 * was accepted, and its end. What the client puts on the network is not looked at here.
 */
import type { Readable } from 'node:stream';
import type { RunningClient } from '../contracts/client.ts';
import type { Argv, ExitStatus, Host, RunningProcess } from '../contracts/host.ts';
import { describeExit } from '../contracts/errors.ts';
import { namesIn, watchFolder } from '../contracts/guest-folder.ts';
import { LogFile, lineSplitter } from './log-file.ts';
import { listeningSockets } from './loopback.ts';

/** Lines kept of a client's output: enough to explain an end, little enough to keep for every trial. */
const KEPT_LINES = 500;
/** Lines quoted in an error. */
const QUOTED_LINES = 8;

export interface Launch {
  /** The client's id, for errors. */
  readonly client: string;
  readonly argv: Argv;
  readonly env: Readonly<Record<string, string>>;
  /** Folder that the client owns and is started in. */
  readonly cwd: string;
  /** Path below `cwd` of a log file that the client writes besides its output; its folder must exist. */
  readonly logFile?: string;
  /** Whether the client needs a set-user-id program. */
  readonly setuid?: boolean;
}

interface Waiter {
  readonly line: (line: string) => void;
}

export class ClientProcess {
  readonly #process: RunningProcess;
  readonly #launch: Launch;
  readonly #lines: string[] = [];
  readonly #waiters = new Set<Waiter>();
  #ended: ExitStatus | null = null;

  private constructor(launch: Launch, process: RunningProcess, log: LogFile | null) {
    this.#launch = launch;
    this.#process = process;
    const keep = (line: string): void => this.#keep(line);
    log?.follow(keep);
    readLines(process.stdout, keep);
    readLines(process.stderr, keep);
    // A client that has ended makes its standard input fail; its end is told by `exited`.
    process.stdin.on('error', () => undefined);
    void process.exited.then((status) => {
      this.#ended = status;
      log?.close();
    });
  }

  /**
   * Starts the client as the unprivileged user and waits for `accepted`. When that fails, or `signal` aborts, the
   * client is killed first: start leaves either a running client or none.
   */
  static async start(
    host: Host,
    launch: Launch,
    accepted: (client: ClientProcess) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<ClientProcess> {
    signal?.throwIfAborted();
    const log = launch.logFile === undefined ? null : new LogFile(launch.cwd, launch.logFile);
    const { argv, env, cwd, setuid = false } = launch;
    const process = await host.spawn(argv, { env, cwd, unprivileged: true, setuid });
    const client = new ClientProcess(launch, process, log);
    try {
      await client.#whileRunning(accepted(client), signal);
      return client;
    } catch (error) {
      process.signal('SIGKILL');
      await process.exited;
      throw signal?.aborted === true ? client.#interrupted(signal) : error;
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  get exited(): Promise<ExitStatus> {
    return this.#process.exited;
  }

  tail(lines: number): readonly string[] {
    return lines > 0 ? this.#lines.slice(-lines) : [];
  }

  /** The first line, past or to come, of which `match` makes something. */
  async line<T>(match: (line: string) => T | undefined): Promise<T> {
    for (const line of this.#lines) {
      const found = match(line);
      if (found !== undefined) return found;
    }
    return this.nextLine(match);
  }

  /** The first line to come of which `match` makes something. */
  nextLine<T>(match: (line: string) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        line: (line) => {
          const found = match(line);
          if (found === undefined) return;
          this.#waiters.delete(waiter);
          resolve(found);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** Waits until a file whose name matches is in this folder below `cwd`, which must exist. */
  async file(folder: string, name: RegExp): Promise<void> {
    const { cwd } = this.#launch;
    const there = (): boolean => namesIn(cwd, folder).some((file) => name.test(file));
    let look = (): void => undefined;
    const watcher = watchFolder(cwd, folder, () => look());
    try {
      if (there()) return;
      await new Promise<void>((resolve) => {
        look = () => {
          if (there()) resolve();
        };
        void this.exited.then(() => resolve());
      });
    } finally {
      watcher?.close();
    }
  }

  /** Writes a line to the client's standard input and waits for the line of the answer; throws when the client ends. */
  async ask<T>(question: string, match: (line: string) => T | undefined, signal?: AbortSignal): Promise<T> {
    const answer = this.nextLine(match);
    this.#process.stdin.write(`${question}\n`);
    return this.#whileRunning(answer, signal);
  }

  /** Asks it to end, by SIGTERM unless told otherwise; after `patienceSeconds` kills it. */
  async stop(patienceSeconds: number, ask: (process: RunningProcess) => void = terminate): Promise<ExitStatus> {
    if (this.#ended !== null) return this.#ended;
    const timer = setTimeout(() => this.#process.signal('SIGKILL'), patienceSeconds * 1000);
    try {
      ask(this.#process);
      return await this.#process.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    for (const waiter of [...this.#waiters]) waiter.line(line);
  }

  async #whileRunning<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { promise, reject } = rejection();
    const aborted = (): void => reject(asError(signal?.reason));
    signal?.addEventListener('abort', aborted, { once: true });
    void this.exited.then((status) => reject(this.#endedEarly(status)));
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal?.removeEventListener('abort', aborted);
      work.catch(() => undefined);
    }
  }

  #endedEarly(status: ExitStatus): Error {
    return new Error(
      `${this.#launch.client} ended with ${describeExit(status)} before it answered (${this.#launch.argv.join(' ')}). ${this.#lastWords()}`,
    );
  }

  /** The reason of the abort, and what the client said until then. */
  #interrupted({ reason }: AbortSignal): Error {
    const { message } = asError(reason);
    return new Error(`${message}. ${this.#lastWords()}`, { cause: reason });
  }

  #lastWords(): string {
    const last = this.tail(QUOTED_LINES).join('\n  ');
    return last === '' ? 'It wrote nothing.' : `Its last lines:\n  ${last}`;
  }
}

/** What one client's adapter knows better than all of them. */
export interface OwnWays {
  readonly status: RunningClient['status'];
  /** Processes of the client, the one to kill first; the main process alone where left out. */
  readonly pids?: readonly number[];
  /** How a user ends it; where left out, by SIGTERM. */
  readonly stop?: RunningClient['stop'];
}

/** A started client as the harness knows it. What it announces none of them says. */
export function runningClient(client: ClientProcess, host: Host, ways: OwnWays): RunningClient {
  const { status, pids = [client.pid], stop = (patienceSeconds: number) => client.stop(patienceSeconds) } = ways;
  return {
    pids,
    exited: client.exited,
    status,
    async addresses(signal) {
      return { listens: await listeningSockets(host, pids, signal), announces: [] };
    },
    logTail: (lines) => Promise.resolve(client.tail(lines)),
    stop,
  };
}

/** Pattern for `line`, `nextLine` and `ask`: the first line that the pattern is found in. */
export const lineWith =
  (pattern: RegExp) =>
  (line: string): true | undefined =>
    pattern.test(line) || undefined;

function terminate(process: RunningProcess): void {
  process.signal('SIGTERM');
}

function rejection(): { promise: Promise<never>; reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<never>((_, no) => (reject = no));
  promise.catch(() => undefined);
  return { promise, reject };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function readLines(stream: Readable, keep: (line: string) => void): void {
  const split = lineSplitter(keep);
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => split(text));
  stream.on('error', () => undefined);
}
