/**
 * Reads a capture file of any size through one buffer of fixed size. Tells how far a damaged or unfinished file could be
 * read; it never guesses beyond that point.
 */
import type { FileHandle } from 'node:fs/promises';
import { openRegular } from '../campaign/campaign-folder.ts';
import { Frame, type FrameVisitor } from './frame.ts';
import { type CaptureWalker, PcapWalker } from './pcap.ts';
import { BLOCK, PcapngWalker } from './pcapng.ts';
import { RequestError } from '../../contracts/errors.ts';
import { isPcapMagic } from '../../records/pcap.ts';

/** Bytes read from the file at a time. */
const CHUNK_BYTES = 1 << 20;
/** Room before each chunk for the incomplete record the chunk before it ended with; no walker accepts a longer one. */
const CARRY_BYTES = 1 << 19;
const GZIP_MAGIC = 0x1f8b;

export interface CaptureReport {
  readonly format: 'pcap' | 'pcapng';
  readonly packets: number;
  /** Bytes of the file, and how many of them were whole records that made sense. */
  readonly fileBytes: number;
  readonly readBytes: number;
  /** Where and why reading ended early; null when the file was read to its end. */
  readonly broken: string | null;
  /** Packets the file says the capture dropped; null when it does not say. */
  readonly dropped: number | null;
  /** What `Frame.atNs` counts from: as asked for, or else the first packet's instant. */
  readonly originUnixNs: bigint;
}

/** The file is no pcap or pcapng file. */
export class NotACapture extends RequestError {
  override readonly name = 'NotACapture';
}

/**
 * Visits every frame of a capture in the file's order.
 * @param originUnixNs what `Frame.atNs` counts from, in nanoseconds since 1970; null takes the first packet's instant.
 * @param between awaited after each buffer's worth of frames: for a visitor that must write, or give way.
 * @throws NotACapture when the file begins like neither format; FileRefused when it is no file (a FIFO would be waited for).
 */
export async function readCapture(
  file: string,
  originUnixNs: bigint | null,
  visit: FrameVisitor,
  between?: () => Promise<void>,
): Promise<CaptureReport> {
  const handle = await openRegular(file, Infinity);
  const { size } = await handle.stat();
  const reader = new ChunkReader(handle, size);
  try {
    let packets = 0;
    const counting: FrameVisitor = (frame) => {
      packets++;
      visit(frame);
    };
    let walker: CaptureWalker | null = null;
    let skip = 0;
    for (let chunk = await reader.next(0); chunk !== null; chunk = await reader.next(chunk.end - chunk.start)) {
      const skipped = Math.min(skip, chunk.end - chunk.start);
      skip -= skipped;
      chunk.start += skipped;
      if (walker === null && chunk.end - chunk.start >= 4)
        walker = walkerFor(file, chunk.view.getUint32(chunk.start), originUnixNs);
      if (walker === null || skip > 0) continue;
      chunk.start = walker.walk(chunk.view, chunk.start, chunk.end, counting);
      skip = walker.skipBytes;
      walker.skipBytes = 0;
      if (walker.broken !== null) break;
      await between?.();
    }
    if (walker === null) {
      throw new NotACapture(
        `${file} is not a capture: it has ${reader.bytes} bytes, and a pcap or pcapng file begins with 4 of magic`,
      );
    }
    const readBytes = reader.bytes - reader.left;
    return {
      format: walker.format,
      packets,
      fileBytes: size,
      readBytes,
      broken: whatBroke(walker, readBytes, reader.left, skip),
      dropped: walker.dropped,
      originUnixNs: walker.originUnixNs ?? originUnixNs ?? 0n,
    };
  } finally {
    await reader.settle();
    await handle.close();
  }
}

interface Chunk {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Range of bytes not consumed yet: [start, end). */
  start: number;
  end: number;
}

/** Reads a file through two buffers in turn: while one chunk is walked, the next is being read into the other. */
class ChunkReader {
  /** Bytes of the file given out so far. */
  bytes = 0;
  readonly #handle: FileHandle;
  #current = newChunk();
  #next = newChunk();
  #reading: Promise<number>;
  /** Bytes not read yet of those that were there at first: a file that grows all the while would have no end. */
  #ahead: number;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.#ahead = size;
    this.#reading = this.#read();
  }

  /** Bytes given out and not consumed. */
  get left(): number {
    return this.#current.end - this.#current.start;
  }

  /** The next chunk, with the last `carry` bytes of the one before in front; null at the end of the file. */
  async next(carry: number): Promise<Chunk | null> {
    const bytesRead = await this.#reading;
    if (bytesRead === 0) return null;
    this.#ahead -= bytesRead;
    this.bytes += bytesRead;
    const filled = this.#next;
    filled.start = CARRY_BYTES - carry;
    filled.end = CARRY_BYTES + bytesRead;
    filled.bytes.set(this.#current.bytes.subarray(this.#current.end - carry, this.#current.end), filled.start);
    this.#next = this.#current;
    this.#current = filled;
    this.#reading = this.#read();
    return filled;
  }

  /** Resolves when no read is under way, so that the file can be closed. */
  async settle(): Promise<void> {
    await this.#reading.catch(() => undefined);
  }

  #read(): Promise<number> {
    if (this.#ahead === 0) return Promise.resolve(0);
    const reading = this.#handle
      .read(this.#next.bytes, CARRY_BYTES, Math.min(CHUNK_BYTES, this.#ahead), null)
      .then(({ bytesRead }) => bytesRead);
    // An error is met where the chunk is awaited; until then it is not unhandled.
    reading.catch(() => undefined);
    return reading;
  }
}

function newChunk(): Chunk {
  const bytes = new Uint8Array(CARRY_BYTES + CHUNK_BYTES);
  return { view: new DataView(bytes.buffer), bytes, start: CARRY_BYTES, end: CARRY_BYTES };
}

function whatBroke(walker: CaptureWalker, readBytes: number, left: number, skip: number): string | null {
  if (walker.broken !== null) return `at byte ${readBytes}: ${walker.broken}`;
  if (left > 0) return `at byte ${readBytes}: the file ends ${left} bytes into a record`;
  if (skip > 0) return `at byte ${readBytes}: the file ends ${skip} bytes before the end of a block`;
  return null;
}

function walkerFor(file: string, magic: number, originUnixNs: bigint | null): CaptureWalker {
  if (isPcapMagic(magic)) return new PcapWalker(new Frame(), originUnixNs);
  if (magic === BLOCK.section) return new PcapngWalker(new Frame(), originUnixNs);
  const shown = `0x${magic.toString(16).padStart(8, '0')}`;
  const hint =
    magic >>> 16 === GZIP_MAGIC ? 'it is compressed: unpack it first with gunzip' : 'pcap and pcapng files can be read';
  throw new NotACapture(`${file} is not a capture: it begins with ${shown}; ${hint}`);
}
