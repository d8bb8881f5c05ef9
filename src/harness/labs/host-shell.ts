/**
 * The shell of a host: it lives in the host's namespaces, holds them open, and runs what runs to its end there. A trial
 * asks its hosts for about a hundred commands. Forked from the trial's own process, each would cost a copy of its page
 * tables and a program that enters the namespaces first, together more than most of them take to run; the shell is small
 * and already there.
 */
import { readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import type { Argv, ExitStatus, Member, RunOptions, RunResult, RunningProcess } from '../contracts.ts';
import { CommandFailed } from '../errors.ts';
import { eachLine } from '../lines.ts';
import { startProcess } from './process.ts';

/** As runProcess takes them; who may want to end a command before its time starts it as a process instead. */
export type ShellOptions = Omit<RunOptions, 'signal'>;

export class HostShell {
  readonly process: RunningProcess;
  readonly #host: Member;
  readonly #folder: string;
  readonly #waiting = new Map<number, (status: number) => void>();
  #commands = 0;

  private constructor(host: Member, folder: string, process: RunningProcess) {
    this.#host = host;
    this.#folder = folder;
    this.process = process;
    eachLine(process.stdout, (line) => {
      const [command, status] = line.split(' ').map(Number);
      this.#waiting.get(command ?? 0)?.(status ?? 0);
    });
  }

  /** Makes the host's namespaces with a shell in them. `folder` is the host's own, and there. */
  static async open(host: Member, folder: string, env: Readonly<Record<string, string>>): Promise<HostShell> {
    const argv: Argv = ['unshare', '--net', '--mount', '--propagation=private', 'sh'];
    const shell = new HostShell(host, folder, await startProcess(host, [], argv, { env }));
    // It answers only after unshare has made the namespaces and become it.
    await shell.run(['true']);
    return shell;
  }

  /** Runs a program to its end. Throws `CommandFailed` unless it exits 0 or `anyStatus` is set. */
  async run(argv: Argv, { input, env = {}, anyStatus = false }: ShellOptions = {}): Promise<RunResult> {
    const command = ++this.#commands;
    const file = (name: string): string => path.join(this.#folder, `.command-${command}.${name}`);
    const [stdin, stdout, stderr] = [input === undefined ? '/dev/null' : file('in'), file('out'), file('err')];
    if (input !== undefined) await writeFile(stdin, input, { mode: 0o600 });
    const words = [...Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`), ...argv.map(quoted)];
    const ended = new Promise<number>((resolve, reject) => {
      this.#waiting.set(command, resolve);
      void this.process.exited.then((status) => reject(new CommandFailed(this.#host, argv, status, 'its host ended')));
    });
    this.process.stdin.write(
      `{ ${words.join(' ')} <${quoted(stdin)} >${quoted(stdout)} 2>${quoted(stderr)}; echo ${command} $?; } &\n`,
    );
    const code = await ended;
    this.#waiting.delete(command);
    const said = { stdout: readFileSync(stdout, 'utf8'), stderr: readFileSync(stderr, 'utf8') };
    for (const each of [stdout, stderr, ...(input === undefined ? [] : [stdin])]) rmSync(each);
    const status = exitStatus(code);
    if (code !== 0 && !anyStatus) throw new CommandFailed(this.#host, argv, status, said.stderr || said.stdout);
    return { status, ...said };
  }
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

/** As one word of sh(1), whatever it holds. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
