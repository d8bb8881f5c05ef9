/** Child processes as the contracts have them: argv in, `RunningProcess` or `RunResult` out. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { CommandFailed } from '../../contracts/errors.ts';
import type { Argv, ExitStatus, Member, RunOptions, RunResult, RunningProcess } from '../../contracts/host.ts';

type Variables = Readonly<Record<string, string>>;

/** Starts a program where this process is. Throws `CommandFailed` when it cannot be started. */
export async function startProcess(host: Member, argv: Argv, env: Variables): Promise<RunningProcess> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = exitOf(child);
  // A program that ends early closes its standard input; whoever writes to it learns that from `exited`.
  child.stdin.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new CommandFailed(host, argv, null, error.message)));
  });
  const pid = child.pid;
  if (pid === undefined) throw new CommandFailed(host, argv, null, 'the system gave no process id');
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    signal: (signal) => {
      child.kill(signal);
    },
  };
}

/** Runs a program to its end and gives what it printed. Throws `CommandFailed` unless it exits 0 or `anyStatus`. */
export async function runProcess(host: Member, argv: Argv, options: RunOptions, env: Variables): Promise<RunResult> {
  return awaitEnd(host, argv, await startProcess(host, argv, { ...env, ...options.env }), options);
}

/** Feeds a process its input and waits for its end, as `runProcess` does. */
export async function awaitEnd(
  host: Member,
  argv: Argv,
  process: RunningProcess,
  options: RunOptions,
): Promise<RunResult> {
  const kill = (): void => process.signal('SIGKILL');
  options.signal?.addEventListener('abort', kill, { once: true });
  if (options.signal?.aborted === true) kill();
  process.stdin.end(options.input ?? '');
  const [stdout, stderr, status] = await Promise.all([text(process.stdout), text(process.stderr), process.exited]);
  options.signal?.removeEventListener('abort', kill);
  options.signal?.throwIfAborted();
  if (status.code !== 0 && options.anyStatus !== true) throw new CommandFailed(host, argv, status, stderr || stdout);
  return { status, stdout, stderr };
}

function exitOf(child: ChildProcessWithoutNullStreams): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}
