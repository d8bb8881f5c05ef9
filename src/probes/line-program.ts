/**
 * A program of the lab's own on a host, told what to do by JSON lines on its standard input and telling what it sees by
 * JSON lines on its standard output. Every line is parsed; one that does not parse makes the instrument blind, in words,
 * instead of being passed over.
 */
import { createInterface } from 'node:readline';
import type * as z from 'zod';
import type { Argv, Host, InstrumentReport } from '../harness/contracts.ts';

export interface LineProgram {
  /** Sends one line; does nothing when the program has ended. */
  tell(command: object): void;
  /** Tells it to stop and waits for its end. */
  stop(): Promise<InstrumentReport>;
}

/** Words of standard error kept for messages. */
const SAID_CHARACTERS = 2000;

/**
 * Starts the program; resolves with its first line, which says that it is ready. Throws when it ends before that, with
 * what it said on standard error.
 */
export async function startLineProgram<T>(
  host: Host,
  argv: Argv,
  schema: z.ZodType<T>,
  onLine: (line: T) => void,
  signal?: AbortSignal,
): Promise<LineProgram & { readonly first: T }> {
  signal?.throwIfAborted();
  const process = await host.spawn(argv);
  const abort = (): void => process.signal('SIGKILL');
  signal?.addEventListener('abort', abort, { once: true });
  let said = '';
  process.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-SAID_CHARACTERS)));
  const name = argv.slice(0, 2).join(' ');

  let blind: string | null = null;
  let stopping = false;
  let onFirst: ((line: T) => void) | null = null;
  const first = new Promise<T>((resolve, reject) => {
    onFirst = resolve;
    void process.exited.then(({ code, signal: by }) => {
      reject(new Error(`${name} on ${host.name} ended (${code ?? by}) before it was ready: ${said.trim()}`));
      if (!stopping) blind ??= `${name} ended by itself (${code ?? by}): ${said.trim()}`;
    });
  });
  createInterface({ input: process.stdout }).on('line', (text) => {
    const line = schema.safeParse(parseJson(text));
    if (!line.success) blind ??= `${name} wrote a line nobody understands: ${text.slice(0, 200)}`;
    else if (onFirst !== null) {
      onFirst(line.data);
      onFirst = null;
    } else onLine(line.data);
  });
  const tell = (command: object): void => {
    if (process.stdin.writable) process.stdin.write(`${JSON.stringify(command)}\n`);
  };
  return {
    first: await first,
    tell,
    async stop() {
      stopping = true;
      tell({ command: 'stop' });
      process.stdin.end();
      await process.exited;
      signal?.removeEventListener('abort', abort);
      return { dropped: null, blind };
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
