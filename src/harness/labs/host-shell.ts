/**
 * The shell of a host: it lives in the host's namespaces, holds them open, and starts whatever runs there. A trial asks its
 * hosts for about a hundred programs. Forked from the trial's own process, each would cost a copy of its page tables, a
 * fault for every page that it writes afterwards, and a program that enters the namespaces first, together more than
 * most of them take to run; the shell is small and already there.
 */
import {
  constants as files,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import * as z from 'zod';
import type {
  Argv,
  ExitStatus,
  Member,
  RunOptions,
  RunResult,
  RunningProcess,
  SpawnOptions,
} from '../../contracts/host.ts';
import { CommandFailed } from '../../contracts/errors.ts';
import { eachLine } from '../../programs/lines.ts';
import { beginRealTime } from '../../programs/real-time.ts';
import { startProcess } from './child-process.ts';

/**
 * Options of runProcess without `signal`: a command run by the shell cannot be aborted; start it as a process instead.
 */
export type ShellOptions = Omit<RunOptions, 'signal'>;

type ShellSpawnOptions = Omit<SpawnOptions, 'unprivileged' | 'setuid'>;

type Environment = Readonly<Record<string, string>>;

/** Namespaces of the host's own, and a shell in them. */
const IN_ITS_OWN: Argv = ['unshare', '--net', '--mount', '--propagation=private', 'sh'];
/** What root of a lab may not do: it is about the machine, and no host has a use for it. */
const MACHINE_CAPABILITIES = [
  ...['sys_module', 'sys_rawio', 'sys_time', 'sys_boot', 'mknod', 'syslog', 'sys_pacct', 'sys_tty_config'],
  ...['mac_admin', 'mac_override', 'audit_control', 'audit_read', 'wake_alarm', 'block_suspend', 'linux_immutable'],
];
/** Memory that one process of a lab may have written to, in bytes, so that the machine has some left. */
const MOST_DATA = 4 * 2 ** 30;
/** Namespaces that not every kernel has. */
const IF_ANY = ['cgroup', 'time'].filter((kind) => existsSync(`/proc/self/ns/${kind}`)).map((kind) => `--${kind}`);
/** Namespaces for the first member of a lab, which starts the others: names and shared memory are the lab's own, too. */
const IN_A_LAB: Argv = [
  ...(['prlimit', `--data=${MOST_DATA}`, '--core=0'] as const),
  ...(['unshare', '--net', '--mount', '--ipc', '--uts', ...IF_ANY, '--propagation=private'] as const),
  ...['setpriv', `--bounding-set=${MACHINE_CAPABILITIES.map((name) => `-${name}`).join()}`, 'sh'],
];
/** What the kernel did to all that was left of a lab. */
const KILLED: ExitStatus = { code: null, signal: 'SIGKILL' };

/** What the shell says of a command: that it has a process, and which; that it has ended, and how. */
type Said = 'started' | 'ended';

export class HostShell {
  readonly process: RunningProcess;
  readonly #host: Member;
  readonly #folder: string;
  readonly #waiting = new Map<number, (said: Said, value: number) => void>();
  readonly #streams = new Set<Socket>();
  readonly #gone: Promise<void>;
  #tellGone: () => void = () => undefined;
  #commands = 0;

  private constructor(host: Member, folder: string, process: RunningProcess) {
    this.#host = host;
    this.#folder = folder;
    this.process = process;
    this.#gone = new Promise((resolve) => (this.#tellGone = resolve));
    eachLine(process.stdout, (line) => {
      const [command, said, value] = line.split(' ');
      if (said === 'started' || said === 'ended') this.#waiting.get(Number(command))?.(said, Number(value));
    });
  }

  /**
   * Makes namespaces with a shell in them, started before it returns, by `become` where given. `folder` is the host's own,
   * and there.
   */
  static async open(host: Member, folder: string, env: Environment, become: readonly string[]): Promise<HostShell> {
    const [program = 'unshare', ...args] = [...become, ...IN_A_LAB];
    return HostShell.#ready(new HostShell(host, folder, await startProcess(host, [program, ...args], env)));
  }

  /** Opens a shell on another host, started by this shell. */
  async openOther(host: Member, folder: string, env: Environment): Promise<HostShell> {
    return HostShell.#ready(new HostShell(host, folder, await this.#start(IN_ITS_OWN, env)));
  }

  /** Waits for the shell's first answer, which comes only after unshare has made the namespaces and become it. */
  static async #ready(shell: HostShell): Promise<HostShell> {
    await shell.run(['true']);
    return shell;
  }

  /** Runs a program to its end. Throws `CommandFailed` unless it exits 0 or `anyStatus` is set. */
  async run(argv: Argv, { input, env = {}, anyStatus = false }: ShellOptions = {}): Promise<RunResult> {
    const command = ++this.#commands;
    const file = (name: string): string => path.join(this.#folder, `.command-${command}.${name}`);
    const [stdin, stdout, stderr] = [input === undefined ? '/dev/null' : file('in'), file('out'), file('err')];
    if (input !== undefined) writeFileSync(stdin, input, { mode: 0o600 });
    const ended = new Promise<number>((resolve, reject) => {
      this.#waiting.set(command, (_, status) => resolve(status));
      this.#onEnd(argv, reject);
    });
    this.#tell(
      `{ ${assignments(env)} ${words(argv)} <${quoted(stdin)} >${quoted(stdout)} 2>${quoted(stderr)}; ` +
        `echo ${command} ended $?; } &`,
    );
    const code = await ended;
    this.#waiting.delete(command);
    const said = { stdout: readFileSync(stdout, 'utf8'), stderr: readFileSync(stderr, 'utf8') };
    for (const each of [stdout, stderr, ...(input === undefined ? [] : [stdin])]) unlinkSync(each);
    const status = exitStatus(code);
    if (code !== 0 && !anyStatus) throw new CommandFailed(this.#host, argv, status, said.stderr || said.stdout);
    return { status, ...said };
  }

  /** Starts a program, its streams named pipes. One that cannot be started ends with 126 or 127 and says so, as env(1) does. */
  spawn(argv: Argv, { env = {}, cwd = '/' }: ShellSpawnOptions = {}): Promise<RunningProcess> {
    // A shell makes what it starts in the background deaf to these signals.
    return this.#start(['env', '--default-signal=INT,QUIT', `--chdir=${cwd}`, ...argv], env);
  }

  async #start(argv: Argv, env: Environment): Promise<RunningProcess> {
    const mkfifo = await (namedPipes ??= loadNamedPipes());
    const command = ++this.#commands;
    const pipe = (name: string): string => {
      const file = path.join(this.#folder, `.process-${command}.${name}`);
      mkfifo(file);
      return file;
    };
    const [stdin, stdout, stderr] = [pipe('in'), pipe('out'), pipe('err')];
    // Opened for writing alone it would wait for a reader.
    const input = this.#stream(stdin, files.O_RDWR);
    const [output, errors] = [this.#stream(stdout, files.O_RDONLY), this.#stream(stderr, files.O_RDONLY)];

    let onStarted: (pid: number) => void = () => undefined;
    const ended = new Promise<ExitStatus>((resolve) => {
      this.#waiting.set(command, (said, value) => {
        if (said === 'started') onStarted(value);
        else resolve(exitStatus(value));
      });
    });
    const started = new Promise<number>((resolve, reject) => {
      onStarted = resolve;
      this.#onEnd(argv, reject);
    });
    // Opened before it says that it has started: whoever then closes an end of theirs would have it wait for another.
    this.#tell(
      `{ exec 4<${quoted(stdin)} 5>${quoted(stdout)} 6>${quoted(stderr)}; ` +
        `${assignments(env)} ${words(argv)} <&4 >&5 2>&6 4<&- 5>&- 6>&- & exec 4<&- 5>&- 6>&-; ` +
        `echo ${command} started $!; wait $!; echo ${command} ended $?; } &`,
    );
    const pid = await started;
    let over = false;
    const exited = Promise.race([ended, this.#gone.then(() => KILLED)]);
    void exited.then(() => {
      over = true;
      this.#waiting.delete(command);
      input.destroy();
      // What nobody reads would keep the pipe open.
      for (const each of [output, errors]) each.resume();
    });
    return {
      pid,
      stdin: input,
      stdout: output,
      stderr: errors,
      exited,
      signal: (signal) => {
        if (!over) process.kill(pid, signal);
      },
      hasten: () => {
        if (!over) beginRealTime(pid);
      },
    };
  }

  /** Ends the shell: call it after the last process of the host has ended. Resolves when all streams are closed. */
  async gone(): Promise<void> {
    this.#tellGone();
    await Promise.all([...this.#streams].map((each) => finished(each).catch(() => undefined)));
  }

  #tell(line: string): void {
    this.process.stdin.write(`${line}\n`);
  }

  /** A command of a shell that has ended cannot be told of. */
  #onEnd(argv: Argv, reject: (reason: Error) => void): void {
    void this.process.exited.then((status) => reject(new CommandFailed(this.#host, argv, status, 'its host ended')));
  }

  #stream(file: string, mode: number): Socket {
    const readable = mode === files.O_RDONLY;
    const stream = new Socket({ fd: openSync(file, mode | files.O_NONBLOCK), readable, writable: !readable });
    // A pipe cannot be closed in one direction: the end of what is written closes it, and says that.
    stream.on('error', () => undefined);
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    return stream;
  }
}

/** Makes a named pipe that this user alone may open. */
type NamedPipes = (file: string) => void;

let namedPipes: Promise<NamedPipes> | undefined;

/** Node.js has no call of its own for it. */
async function loadNamedPipes(): Promise<NamedPipes> {
  const koffi = await import('koffi');
  const mkfifo = koffi.load(null).func('int mkfifo(const char *, unsigned int)');
  return (file) => {
    if (z.number().parse(mkfifo(file, 0o600)) !== 0) throw new Error(`mkfifo(3) of ${file}: errno ${koffi.errno()}`);
  };
}

/** Command of fcntl(2) that says whether the programs which this process starts get an open file. */
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const STANDARD_STREAMS = 3;

/**
 * Keeps from all programs of labs what this process was itself started with. Node.js does so for its own files; one that
 * was left open above it, by a terminal or whoever runs campaigns, would go down to every torrent client.
 */
export async function keepOpenFiles(): Promise<void> {
  const koffi = await import('koffi');
  const fcntl = koffi.load(null).func('int fcntl(int, int, ...)');
  const open = readdirSync('/proc/self/fd').map(Number);
  for (const file of open.filter((each) => each >= STANDARD_STREAMS)) fcntl(file, F_SETFD, 'int', FD_CLOEXEC);
}

/** Signals that programs end by; sh(1) tells them as 128 and the number, which programs do not otherwise end with. */
const ENDING = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGABRT',
  'SIGKILL',
  'SIGSEGV',
  'SIGPIPE',
  'SIGALRM',
  'SIGTERM',
] as const;

function exitStatus(said: number): ExitStatus {
  const signal = ENDING.find((name) => constants.signals[name] === said - 128);
  return signal === undefined ? { code: said, signal: null } : { code: null, signal };
}

/** Assignments for sh(1): what the command's environment has beside the shell's. */
function assignments(env: Environment): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(' ');
}

function words(all: readonly string[]): string {
  return all.map(quoted).join(' ');
}

/** Quotes a text, whatever it holds, as one word of sh(1). */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
