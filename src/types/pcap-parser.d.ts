/** The part of pcap-parser 0.2.1 that tests and benchmarks use: it has no types of its own. */
declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events';
  import type { Readable } from 'node:stream';

  export interface Packet {
    header: {
      timestampSeconds: number;
      timestampMicroseconds: number;
      capturedLength: number;
      originalLength: number;
    };
    data: Buffer;
  }

  /** Emits `packet` with a Packet, then `end`; `error` with an Error. */
  export function parse(input: string | Readable): EventEmitter;
}
