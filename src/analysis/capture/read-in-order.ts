/**
 * Reads a capture in the order of its instants, which need not be that of the file: packets are written down by several
 * processors, and a stranger's file may be in any order. Whoever looks for the last packet, or at what came before what,
 * reads captures so.
 */
import { Frame, type FrameVisitor } from './frame.ts';
import { type CaptureReport, readCapture } from './read-capture.ts';

/** Bytes of frames kept at a time while a file that is out of order is put into order. */
const KEPT_BYTES = 64 * 2 ** 20;
/** Frames whose order is worked out at most, 16 bytes each: a gigabit a second of the smallest frames for ten seconds. */
const MOST_FRAMES = 2 ** 24;

/**
 * Visits every frame by its instant, those of one instant in the order of the file. A file that is in order is read twice,
 * one that is not several times. One with more frames out of order than can be sorted is broken, and none is visited.
 * @param originUnixNs what `Frame.atNs` counts from, in nanoseconds since 1970.
 * @throws NotACapture, FileRefused
 */
export async function readInOrder(file: string, originUnixNs: bigint, visit: FrameVisitor): Promise<CaptureReport> {
  let latestNs = -Infinity;
  let behind = 0;
  const seen = await readCapture(file, originUnixNs, ({ atNs }) => {
    if (atNs < latestNs) behind++;
    latestNs = atNs;
  });
  if (behind === 0) return readCapture(file, originUnixNs, visit);
  if (seen.packets > MOST_FRAMES) {
    return {
      ...seen,
      broken: `in its order: it has ${seen.packets} frames, and at most ${MOST_FRAMES} can be put into it`,
    };
  }
  return readSorted(file, originUnixNs, seen.packets, visit);
}

async function readSorted(
  file: string,
  originUnixNs: bigint,
  packets: number,
  visit: FrameVisitor,
): Promise<CaptureReport> {
  const instants = new Float64Array(packets);
  const lengths = new Uint32Array(packets);
  let number = 0;
  const report = await readCapture(file, originUnixNs, ({ atNs, captured }) => {
    instants[number] = atNs;
    lengths[number++] = captured;
  });
  const byInstant = Uint32Array.from(instants.keys()).sort((a, b) => (instants[a] ?? 0) - (instants[b] ?? 0) || a - b);
  const frame = new Frame();
  for (let first = 0; first < packets;) {
    const place = new Map<number, number>();
    let bytes = 0;
    for (let rank = first; rank < packets && (place.size === 0 || bytes < KEPT_BYTES); rank++) {
      const which = byInstant[rank] ?? 0;
      place.set(which, bytes);
      bytes += lengths[which] ?? 0;
    }
    const kept = await framesAt(file, originUnixNs, place, new DataView(new ArrayBuffer(bytes)));
    for (const rank of place.keys()) {
      const found = kept.get(rank);
      if (found !== undefined) visit(Object.assign(frame, found));
    }
    first += place.size;
  }
  return report;
}

type Kept = Pick<Frame, 'view' | 'offset' | 'captured' | 'original' | 'linkType' | 'atNs'>;

/** Copies frames, by their number in the file, to their places in `view`. */
async function framesAt(
  file: string,
  originUnixNs: bigint,
  places: ReadonlyMap<number, number>,
  view: DataView<ArrayBuffer>,
): Promise<ReadonlyMap<number, Kept>> {
  const kept = new Map<number, Kept>();
  const into = new Uint8Array(view.buffer);
  let number = 0;
  await readCapture(file, originUnixNs, (frame) => {
    const offset = places.get(number);
    if (offset !== undefined && offset + frame.captured <= into.length) {
      into.set(new Uint8Array(frame.view.buffer, frame.view.byteOffset + frame.offset, frame.captured), offset);
      const { captured, original, linkType, atNs } = frame;
      kept.set(number, { view, offset, captured, original, linkType, atNs });
    }
    number++;
  });
  return kept;
}
