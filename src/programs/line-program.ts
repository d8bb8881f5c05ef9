/**
 * The harness's hold on a program of the lab's own on a host, told what to do by JSON lines and telling what it sees by
 * JSON lines (src/programs/waiting.ts is the program's end). Every line is parsed; one that does not parse makes the
 * instrument blind, in words, instead of being passed over.
 */
import path from 'node:path';
import type * as z from 'zod';
import type { Host } from '../contracts/host.ts';
import type { InstrumentReport } from '../contracts/instrument.ts';
import { describeExit } from '../contracts/errors.ts';
import { startLines } from './lines.ts';
import { lasting } from './program.ts';

export interface LineProgram {
  /** Sends one line; does nothing when the program has ended. */
  tell(command: object): void;
  /** Tells it to stop and waits for its end. */
  stop(): Promise<InstrumentReport>;
}

/**
 * Puts the program (a compiled file) to work on the host; resolves with its first line, which says that it is ready.
 * Throws when it ends before that, with what it said on standard error.
 */
export async function startLineProgram<T>(
  host: Host,
  program: string,
  job: string,
  schema: z.ZodType<T>,
  onLine: (line: T) => void,
  signal?: AbortSignal,
): Promise<LineProgram & { readonly first: T }> {
  signal?.throwIfAborted();
  const running = await startLines(host, lasting([process.execPath, program]), job);
  const abort = (): void => running.kill();
  signal?.addEventListener('abort', abort, { once: true });
  const name = path.basename(program);

  let blind: string | null = null;
  let stopping = false;
  let onFirst: ((line: T) => void) | null = null;
  const first = new Promise<T>((resolve, reject) => {
    onFirst = resolve;
    void running.ended.then((status) => {
      const how = describeExit(status);
      reject(new Error(`${name} on ${host.name} ended with ${how} before it was ready: ${running.complaints}`));
      if (!stopping) blind ??= `${name} ended by itself with ${how}: ${running.complaints}`;
    });
  });
  running.hear((text) => {
    const line = schema.safeParse(parseJson(text));
    if (!line.success) blind ??= `${name} wrote a line nobody understands: ${text.slice(0, 200)}`;
    else if (onFirst !== null) {
      onFirst(line.data);
      onFirst = null;
    } else onLine(line.data);
  });
  return {
    first: await first,
    tell: (command) => running.tell(JSON.stringify(command)),
    async stop() {
      stopping = true;
      running.tell(JSON.stringify(STOP));
      await running.ended;
      signal?.removeEventListener('abort', abort);
      return { dropped: null, blind };
    },
  };
}

/** Understood by every program (src/programs/waiting.ts). */
const STOP = { command: 'stop' } as const;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
