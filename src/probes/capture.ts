/**
 * The first witness: tcpdump on a tap, nanosecond timestamps of the kernel, every frame in both directions, written to
 * a file and handed on live. Frames cut at 2048 bytes (a few of them are larger: segmentation offload) keep their true
 * length in the record.
 *
 * What it cannot say: anything about frames the kernel dropped for want of buffer, except how many there were.
 */
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { Clock } from '../harness/clock.ts';
import type { Need, Tap } from '../harness/contracts.ts';
import { PcapStream, type CapturedFrame } from './pcap-stream.ts';

export const CAPTURE_NEEDS: readonly Need[] = [{ command: 'tcpdump', package: 'tcpdump' }];

const SNAPSHOT_BYTES = 2048;
/** Kernel ring: at the lab's few hundred kilobytes a second, tens of seconds of a stalled reader. */
const BUFFER_KIB = 8192;
/** Frames come one by one, and one by one each would be a write of its own: nobody reads the file before its end. */
const GATHERED_BYTES = 256 * 1024;

export interface CaptureOptions {
  /** The pcap file to write. */
  readonly file: string;
  readonly clock: Clock;
  /** Called for each frame as it comes; its bytes are valid until it returns. */
  readonly onFrame?: (frame: CapturedFrame) => void;
  readonly signal?: AbortSignal;
}

export interface CaptureReport {
  readonly packets: number;
  /** Frames the kernel dropped for want of buffer; null when tcpdump did not live to say. */
  readonly dropped: number | null;
  /** Why the capture may have a hole; null when it has none. */
  readonly blind: string | null;
}

export interface RunningCapture {
  /** Frames captured so far. */
  readonly packets: number;
  stop(): Promise<CaptureReport>;
}

/** Starts a capture; resolves when tcpdump listens, so that the next frame is in it. */
export async function startCapture(tap: Tap, options: CaptureOptions): Promise<RunningCapture> {
  options.signal?.throwIfAborted();
  const process = await tap.host.spawn([
    'tcpdump',
    ...['-i', tap.device, '-n', '-U', '--immediate-mode', '--time-stamp-precision=nano'],
    ...['-s', String(SNAPSHOT_BYTES), '-B', String(BUFFER_KIB), '-w', '-', '-Z', 'root'],
  ]);
  const abort = (): void => process.signal('SIGKILL');
  options.signal?.addEventListener('abort', abort, { once: true });

  const frames = new PcapStream(options.clock.originUnixNs, options.onFrame ?? (() => undefined));
  const file = createWriteStream(options.file);
  const written = finished(file);
  written.catch(() => undefined); // Reported by stop().
  file.cork();
  process.stdout.on('data', (chunk: Buffer) => {
    file.write(chunk);
    if (file.writableLength > GATHERED_BYTES) {
      file.uncork();
      file.cork();
    }
    frames.push(chunk);
  });
  const drained = finished(process.stdout).then(() => file.end());

  const said: string[] = [];
  const listening = new Promise<void>((resolve, reject) => {
    createInterface({ input: process.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('listening on')) resolve();
    });
    void process.exited.then(({ code, signal }) => {
      reject(new Error(`tcpdump on ${tap.device} of ${tap.host.name} ended (${code ?? signal}): ${said.join(' | ')}`));
    });
  });
  let early = false;
  let stopping = false;
  void process.exited.then(() => (early = !stopping));
  await listening;

  return {
    get packets() {
      return frames.frames;
    },
    async stop() {
      stopping = true;
      process.signal('SIGINT');
      await process.exited;
      await drained;
      await written;
      options.signal?.removeEventListener('abort', abort);
      const dropped = /^(\d+) packets? dropped by kernel/m.exec(said.join('\n'))?.[1];
      return {
        packets: frames.frames,
        dropped: dropped === undefined ? null : Number(dropped),
        blind: early ? `tcpdump ended by itself: ${said.slice(-3).join(' | ')}` : null,
      };
    },
  };
}
