/** Captures for tests: written to a folder that goes with the test, read back frame by frame. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CaptureReport, readCapture } from '../../src/analysis/capture/read-capture.ts';

export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ksl-test-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function withFile<T>(data: Uint8Array, use: (file: string) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const file = join(folder, 'capture');
    await writeFile(file, data);
    return use(file);
  });
}

export interface ReadFrame {
  readonly atNs: number;
  readonly original: number;
  readonly linkType: number;
  readonly data: Buffer;
}

export async function readFrames(
  file: string,
  originUnixNs: bigint | null = null,
): Promise<{ frames: ReadFrame[]; report: CaptureReport }> {
  const frames: ReadFrame[] = [];
  const report = await readCapture(file, originUnixNs, ({ atNs, original, linkType, view, offset, captured }) => {
    frames.push({ atNs, original, linkType, data: Buffer.from(Buffer.from(view.buffer, offset, captured)) });
  });
  return { frames, report };
}

export async function framesIn(
  data: Uint8Array,
  originUnixNs: bigint | null = null,
): Promise<{ frames: ReadFrame[]; report: CaptureReport }> {
  return withFile(data, (file) => readFrames(file, originUnixNs));
}
