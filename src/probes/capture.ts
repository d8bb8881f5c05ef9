/**
 * The first witness: tcpdump on a tap, nanosecond timestamps of the kernel, every frame in both directions, written to
 * a file as it comes. Frames cut at 2048 bytes (a few of them are larger: segmentation offload) keep their true length in
 * the record.
 *
 * Nobody reads the file but who follows the capture: handed on one by one all the time, the frames of a trial cost more
 * of a processor than all else that its process does.
 *
 * What it cannot say: anything about frames the kernel dropped for want of buffer, except how many there were.
 */
import { closeSync, openSync, readSync, watch } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Clock } from '../contracts/clock.ts';
import type { Need } from '../contracts/host.ts';
import type { Tap } from '../contracts/lab.ts';
import { within } from '../contracts/until.ts';
import { PcapStream, type CapturedFrame } from './pcap-stream.ts';

export const CAPTURE_NEEDS: readonly Need[] = [{ command: 'tcpdump', package: 'tcpdump' }];

const SNAPSHOT_BYTES = 2048;
/** Kernel ring: at the lab's few hundred kilobytes a second, tens of seconds of a stalled reader. */
const BUFFER_KIB = 8192;
const READ_BYTES = 256 * 1024;
/** Milliseconds: tcpdump takes a tenth of a second to listen, some seconds on a machine with many labs. */
const PATIENCE_MS = 20_000;

export interface CaptureOptions {
  /** The pcap file to write, in a folder of the tap's host. */
  readonly file: string;
  readonly clock: Clock;
  /**
   * Receives each frame, in order: as it comes while somebody follows, else later; its bytes are valid until it
   * returns.
   */
  readonly onFrame?: (frame: CapturedFrame) => void;
  readonly signal?: AbortSignal;
}

interface CaptureReport {
  readonly packets: number;
  /** Frames the kernel dropped for want of buffer; null when tcpdump did not live to say. */
  readonly dropped: number | null;
  /** Why the capture may have a hole; null when it has none. */
  readonly blind: string | null;
}

export interface RunningCapture {
  /** Frames handed on so far. */
  readonly packets: number;
  /** Hands on what there is and then each frame as it comes, until the result is disposed of. */
  follow(): Disposable;
  /** Hands on what there is left. */
  stop(): Promise<CaptureReport>;
}

/** Starts a capture; resolves when tcpdump listens, so that the next frame is in it. */
export async function startCapture(tap: Tap, options: CaptureOptions): Promise<RunningCapture> {
  options.signal?.throwIfAborted();
  const process = await tap.host.spawn([
    'tcpdump',
    ...['-i', tap.device, '-n', '-U', '--immediate-mode', '--time-stamp-precision=nano'],
    ...['-s', String(SNAPSHOT_BYTES), '-B', String(BUFFER_KIB), '-w', options.file, '-Z', 'root'],
  ]);
  const abort = (): void => process.signal('SIGKILL');
  options.signal?.addEventListener('abort', abort, { once: true });

  const said: string[] = [];
  const listening = new Promise<void>((resolve, reject) => {
    createInterface({ input: process.stderr }).on('line', (line) => {
      said.push(line);
      // tcpdump has made the file by then.
      if (line.includes('listening on')) resolve();
    });
    void process.exited.then(({ code, signal }) => {
      reject(new Error(`tcpdump on ${tap.device} of ${tap.host.name} ended (${code ?? signal}): ${said.join(' | ')}`));
    });
  });
  let early = false;
  let stopping = false;
  void process.exited.then(() => (early = !stopping));
  await within(listening, {
    what: `tcpdump to listen on ${tap.device} of ${tap.host.name}`,
    patienceMs: PATIENCE_MS,
    signal: options.signal,
    detail: () => said.join(' | ') || '(no message)',
  });

  const frames = new PcapStream(options.clock.originUnixNs, options.onFrame ?? (() => undefined));
  const file = openSync(options.file, 'r');
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const handOn = (): void => {
    for (let length = readSync(file, buffer); length > 0; length = readSync(file, buffer)) {
      frames.push(buffer.subarray(0, length));
    }
  };
  const followers = new Set<Disposable>();
  return {
    get packets() {
      return frames.frames;
    },
    follow() {
      const watcher = watch(options.file, handOn);
      handOn();
      const follower = {
        [Symbol.dispose]: () => {
          watcher.close();
          followers.delete(follower);
        },
      };
      followers.add(follower);
      return follower;
    },
    async stop() {
      stopping = true;
      process.signal('SIGINT');
      await process.exited;
      for (const follower of followers) follower[Symbol.dispose]();
      handOn();
      closeSync(file);
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
