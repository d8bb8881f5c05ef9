/**
 * The harness's hold on an instrument that is a program of the lab's own on a host: it says that it is ready, then what it
 * sees (src/programs/waiting.ts is the program's end). A line that nobody understands, and an end that nobody asked for,
 * make the instrument blind, in words, instead of being passed over.
 */
import path from 'node:path';
import type * as z from 'zod';
import type { Host } from '../contracts/host.ts';
import type { InstrumentReport } from '../contracts/instrument.ts';
import { Conversation } from './conversation.ts';
import { startLines } from './lines.ts';
import { lasting, programArgv } from './program.ts';

export interface LineProgram {
  /** Sends one line; does nothing when the program has ended. */
  tell(command: object): void;
  /** Tells it to stop and waits for its end. */
  stop(): Promise<InstrumentReport>;
}

/** Understood by every program (src/programs/waiting.ts). */
const STOP = { command: 'stop' } as const;

/**
 * Puts `build/<program>.js` to work on the host; resolves with its first line, which says that it is ready, and hands on
 * those that follow. Throws when it ends before that, with what it said on standard error.
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
  const process = await startLines(host, lasting(programArgv(program)), job);
  const abort = (): void => process.kill();
  signal?.addEventListener('abort', abort, { once: true });
  let ready = false;
  const talk = new Conversation(`${path.basename(program)} on ${host.name}`, process, schema, (line) => {
    const isEvent = ready;
    ready = true;
    if (isEvent) onLine(line);
    return isEvent;
  });
  return {
    first: await talk.answer(),
    tell: (command) => talk.tell(command),
    async stop() {
      const wrong = await talk.close(STOP);
      signal?.removeEventListener('abort', abort);
      return { dropped: null, blind: wrong?.message ?? null };
    },
  };
}
