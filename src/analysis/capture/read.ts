/**
 * Reads a capture file of any size through one buffer of fixed size. Tells how far a damaged or unfinished file could be
 * read; it never guesses beyond that point.
 */
import { open } from 'node:fs/promises';
import { Frame, type FrameVisitor } from './frame.ts';
import { type CaptureWalker, PcapWalker, isPcapMagic } from './pcap.ts';
import { BLOCK, PcapngWalker } from './pcapng.ts';

/** The longest record either walker accepts is half of this, so one always fits. */
const BUFFER_BYTES = 1 << 20;
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
export class NotACapture extends Error {
  override readonly name = 'NotACapture';
}

/**
 * Visits every frame of a capture in the file's order.
 * @param originUnixNs what `Frame.atNs` counts from, in nanoseconds since 1970; null takes the first packet's instant.
 * @param between awaited after each buffer's worth of frames: for a visitor that must write, or give way.
 * @throws NotACapture when the file begins like neither format.
 */
export async function readCapture(
  file: string,
  originUnixNs: bigint | null,
  visit: FrameVisitor,
  between?: () => Promise<void>,
): Promise<CaptureReport> {
  const handle = await open(file, 'r');
  try {
    const buffer = new Uint8Array(BUFFER_BYTES);
    const view = new DataView(buffer.buffer);
    let packets = 0;
    const counting: FrameVisitor = (frame) => {
      packets++;
      visit(frame);
    };
    let walker: CaptureWalker | null = null;
    let start = 0;
    let end = 0;
    let fileBytes = 0;
    let skip = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, end, BUFFER_BYTES - end, null);
      if (bytesRead === 0) break;
      fileBytes += bytesRead;
      end += bytesRead;
      if (skip > 0) {
        const skipped = Math.min(skip, end - start);
        skip -= skipped;
        start += skipped;
      }
      if (walker === null && end - start >= 4) walker = walkerFor(file, view, originUnixNs);
      if (walker !== null && skip === 0) {
        start = walker.walk(view, start, end, counting);
        skip = walker.skipBytes;
        walker.skipBytes = 0;
        await between?.();
        if (walker.broken !== null) break;
      }
      buffer.copyWithin(0, start, end);
      end -= start;
      start = 0;
    }
    if (walker === null) {
      throw new NotACapture(
        `${file} is not a capture: it has ${fileBytes} bytes, and a pcap or pcapng file begins with 4 of magic`,
      );
    }
    const left = end - start;
    const size = (await handle.stat()).size;
    const readBytes = fileBytes - left;
    return {
      format: walker.format,
      packets,
      fileBytes: size,
      readBytes,
      broken: whatBroke(walker, readBytes, left, skip),
      dropped: walker.dropped,
      originUnixNs: walker.originUnixNs ?? originUnixNs ?? 0n,
    };
  } finally {
    await handle.close();
  }
}

function whatBroke(walker: CaptureWalker, readBytes: number, left: number, skip: number): string | null {
  if (walker.broken !== null) return `at byte ${readBytes}: ${walker.broken}`;
  if (left > 0) return `at byte ${readBytes}: the file ends ${left} bytes into a record`;
  if (skip > 0) return `at byte ${readBytes}: the file ends ${skip} bytes before the end of a block`;
  return null;
}

function walkerFor(file: string, view: DataView, originUnixNs: bigint | null): CaptureWalker {
  const magic = view.getUint32(0);
  if (isPcapMagic(magic)) return new PcapWalker(new Frame(), originUnixNs);
  if (magic === BLOCK.section) return new PcapngWalker(new Frame(), originUnixNs);
  const shown = `0x${magic.toString(16).padStart(8, '0')}`;
  const hint =
    magic >>> 16 === GZIP_MAGIC ? 'it is compressed: unpack it first with gunzip' : 'pcap and pcapng files can be read';
  throw new NotACapture(`${file} is not a capture: it begins with ${shown}; ${hint}`);
}
