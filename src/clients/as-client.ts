/** Programs that ask something of a client, run as its own user on its own host: they can do no more than the client could. */
import { text } from 'node:stream/consumers';
import { CommandFailed } from '../contracts/errors.ts';
import type { Argv, Host } from '../contracts/host.ts';

export interface Asking {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end as the client's user and gives what it printed. Throws `CommandFailed` unless it exits 0. */
export async function runAsClient(host: Host, argv: Argv, { env, input = '', signal }: Asking = {}): Promise<string> {
  signal?.throwIfAborted();
  const process = await host.spawn(argv, { ...(env === undefined ? {} : { env }), unprivileged: true });
  const kill = (): void => process.signal('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  process.stdin.on('error', () => undefined);
  process.stdin.end(input);
  const [printed, complaints, status] = await Promise.all([text(process.stdout), text(process.stderr), process.exited]);
  signal?.removeEventListener('abort', kill);
  signal?.throwIfAborted();
  if (status.code !== 0) throw new CommandFailed(host.name, argv, status, complaints || printed);
  return printed;
}
