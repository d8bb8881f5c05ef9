/**
 * The lines of a text file, one at a time, whatever its size, telling whether the last one was ended.
 */
import { createReadStream } from 'node:fs';

export interface Line {
  /** Number of the line in its file, counted from 1. */
  readonly number: number;
  readonly text: string;
  /** Whether the line has its newline; false for a last line whose writer was cut off. */
  readonly ended: boolean;
}

const NEWLINE = 0x0a;

/** Reads `file` line by line; bytes that are not UTF-8 become U+FFFD and fail at the parser, not here. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const pieces: Buffer[] = [];
  let number = 0;
  const flush = (ended: boolean): Line => {
    const text = Buffer.concat(pieces).toString('utf8');
    pieces.length = 0;
    number += 1;
    return { number, text, ended };
  };
  const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: 1 << 20 });
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      pieces.push(chunk.subarray(start, end));
      yield flush(true);
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  if (pieces.length > 0) yield flush(false);
}
