/**
 * The lines of a text file, one at a time, whatever its size, telling whether the last one was ended. A line longer than
 * is allowed is passed over without being kept.
 */
export interface Line {
  /** Number of the line in its file, counted from 1. */
  readonly number: number;
  /** Empty for a line that is too long. */
  readonly text: string;
  /** Whether the line has its newline; false for a last line whose writer was cut off. */
  readonly ended: boolean;
  readonly tooLong: boolean;
  /** Bytes of the line in its file, its newline included. */
  readonly bytes: number;
}

const NEWLINE = 0x0a;

/** Reads line by line; bytes that are not UTF-8 become U+FFFD and fail at the parser, not here. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, mostBytes: number): AsyncGenerator<Line> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  let number = 0;
  const keep = (piece: Buffer): void => {
    bytes += piece.length;
    if (bytes <= mostBytes) pieces.push(piece);
    else pieces.length = 0;
  };
  const flush = (ended: boolean): Line => {
    const tooLong = bytes > mostBytes;
    const inFile = bytes + Number(ended);
    const text = tooLong ? '' : Buffer.concat(pieces).toString('utf8');
    pieces.length = 0;
    bytes = 0;
    number += 1;
    return { number, text, ended, tooLong, bytes: inFile };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      yield flush(true);
      start = end + 1;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
  }
  if (bytes > 0) yield flush(false);
}

/** The value of a line of JSON; null where it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
