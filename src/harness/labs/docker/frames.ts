/**
 * What harness and agent say to each other over a container's standard streams: frames of a four-byte length, a kind, the
 * number of the process they are about, and bytes. Standard output carries frames only; what an agent itself has to
 * complain of goes to standard error.
 *
 * Binary, where the lab's other programs are talked to in lines of JSON (programs/conversation.ts): one stream carries the
 * raw input and output of many programs at once, which need not be text and would have to be quoted; conversations in lines
 * of JSON are among them.
 */
import * as z from 'zod';

/** Frames from the harness: start a program, its input, the end of its input, a signal to it. */
export const REQUEST = { start: 1, input: 2, inputEnd: 3, signal: 4 } as const;
/** Frames from the agent: it runs; a program's start, output, ends of output, and how it ended. */
export const ANSWER = {
  ready: 16,
  started: 17,
  failed: 18,
  output: 19,
  complaint: 20,
  outputEnd: 21,
  complaintEnd: 22,
  exited: 23,
} as const;

export type FrameKind = (typeof REQUEST)[keyof typeof REQUEST] | (typeof ANSWER)[keyof typeof ANSWER];

export interface Frame {
  readonly kind: number;
  readonly process: number;
  readonly bytes: Buffer;
}

export const startSchema = z.object({
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
  cwd: z.string(),
});
export type StartRequest = z.infer<typeof startSchema>;

const signals = z.custom<NodeJS.Signals>((value) => typeof value === 'string' && /^SIG[A-Z0-9]+$/.test(value));
export const signalSchema = signals;
/** The agent's own process id, or that of the program it started. */
export const pidSchema = z.object({ pid: z.number().int().positive() });
export const exitSchema = z.object({ code: z.number().nullable(), signal: signals.nullable() });

const LENGTH_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + 1 + 4;

/** One frame as bytes; anything but bytes goes as JSON. */
export function encodeFrame(kind: FrameKind, process: number, content?: Uint8Array | object | string): Buffer {
  const bytes =
    content === undefined
      ? Buffer.alloc(0)
      : content instanceof Uint8Array
        ? content
        : Buffer.from(JSON.stringify(content));
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
  frame.writeUInt32BE(HEADER_BYTES - LENGTH_BYTES + bytes.length, 0);
  frame.writeUInt8(kind, LENGTH_BYTES);
  frame.writeUInt32BE(process, LENGTH_BYTES + 1);
  frame.set(bytes, HEADER_BYTES);
  return frame;
}

/** Cuts a stream of bytes into frames and hands each on; its bytes are valid until `onFrame` returns. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const end = LENGTH_BYTES + bytes.readUInt32BE(0);
      if (bytes.length < end) break;
      this.#onFrame({
        kind: bytes.readUInt8(LENGTH_BYTES),
        process: bytes.readUInt32BE(LENGTH_BYTES + 1),
        bytes: bytes.subarray(HEADER_BYTES, end),
      });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}
