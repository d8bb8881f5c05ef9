/**
 * Seals the raw capture of a trial as pcapng: nanosecond instants kept exactly, comments where a person opening it in
 * Wireshark should look, the drops in a statistics block. The tunnel's datagrams are encrypted, so they may be cut short
 * (their length on the wire is kept); every other frame is kept whole.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { FRAGMENT, Headers, NETWORK } from './headers.ts';
import { PROTOCOL } from '../../records/protocols.ts';
import { EndpointSet } from './address.ts';
import type { Frame } from './frame.ts';
import { interfaceBlock, packetBlock, sectionBlock, statisticsBlock } from './pcapng-write.ts';
import { type CaptureReport, readCapture } from './read-capture.ts';

const APPLICATION = 'killswitch-lab';
/** Blocks are written in pieces of about this size. */
const WRITE_BYTES = 1 << 20;

/** A comment for an instant: it goes on the first packet at or after it. */
export interface CaptureComment {
  /** Nanoseconds since the trial's origin. */
  readonly atNs: number;
  readonly text: string;
}

export interface SealOptions {
  /** Raw captures (pcap or pcapng), in the order of their packets. */
  readonly sources: readonly string[];
  readonly out: string;
  /** Interface name the sealed file gives, e.g. `uplink`. */
  readonly name: string;
  readonly originUnixNs: bigint;
  readonly comments: readonly CaptureComment[];
  /** Cuts the tunnel's datagrams, to and from its endpoints, to this many bytes; null keeps them whole. */
  readonly trimTunnel: {
    readonly endpoints: readonly { readonly address: string; readonly port: number }[];
    readonly bytes: number;
  } | null;
  /** What the capture said it dropped; null when it could not say. */
  readonly dropped: number | null;
}

export interface SealReport {
  readonly packets: number;
  /** Where reading a source ended early, by source; empty when all were read to the end. */
  readonly broken: readonly string[];
  /** Comments later than the last packet: they are in the statistics block. */
  readonly unplaced: number;
}

/** Writes the sealed capture whole or not at all. @throws NotACapture when a source is no capture. */
export async function sealCapture(options: SealOptions): Promise<SealReport> {
  const partial = `${options.out}.partial`;
  const out = await open(partial, 'w');
  try {
    const sealer = new Sealer(options);
    const reports: CaptureReport[] = [];
    for (const source of options.sources) {
      reports.push(
        await readCapture(
          source,
          options.originUnixNs,
          (frame) => sealer.add(frame),
          () => sealer.drain(out),
        ),
      );
    }
    const unplaced = sealer.finish();
    await sealer.drain(out, 0);
    await out.sync();
    await rename(partial, options.out);
    return {
      packets: reports.reduce((sum, { packets }) => sum + packets, 0),
      broken: reports.flatMap(({ broken }, at) => (broken === null ? [] : [`${options.sources[at] ?? ''} ${broken}`])),
      unplaced,
    };
  } finally {
    await out.close();
    await rm(partial, { force: true });
  }
}

/** Makes the blocks and keeps them until they are drained. */
class Sealer {
  readonly #options: SealOptions;
  readonly #headers = new Headers();
  readonly #endpoints: EndpointSet;
  readonly #comments: CaptureComment[];
  /** Interface numbers by link type. */
  readonly #interfaces = new Map<number, number>();
  #blocks: Uint8Array[] = [sectionBlock(APPLICATION)];
  #pendingBytes = 0;
  #lastNs = 0;

  constructor(options: SealOptions) {
    this.#options = options;
    this.#comments = [...options.comments].sort((a, b) => a.atNs - b.atNs);
    this.#endpoints = new EndpointSet(options.trimTunnel?.endpoints ?? []);
  }

  add(frame: Frame): void {
    const kept = this.#isTunnel(frame)
      ? Math.min(frame.captured, this.#options.trimTunnel?.bytes ?? Infinity)
      : frame.captured;
    const comments: string[] = [];
    for (let next = this.#comments[0]; next !== undefined && next.atNs <= frame.atNs; next = this.#comments[0]) {
      comments.push(next.text);
      this.#comments.shift();
    }
    this.#lastNs = Math.max(this.#lastNs, frame.atNs);
    this.#push(
      packetBlock({
        interfaceId: this.#interfaceOf(frame.linkType),
        unixNs: this.#options.originUnixNs + BigInt(frame.atNs),
        data: new Uint8Array(frame.view.buffer, frame.offset, kept),
        original: frame.original,
        comments,
      }),
    );
  }

  /** Adds the statistics; gives how many comments found no packet. */
  finish(): number {
    if (this.#interfaces.size === 0) this.#interfaceOf(1);
    const unixNs = this.#options.originUnixNs + BigInt(this.#lastNs);
    const left = this.#comments.map(({ text }) => text);
    // One count of drops for the whole capture: it goes with the first interface.
    this.#push(statisticsBlock(0, unixNs, this.#options.dropped, left));
    return left.length;
  }

  /** Writes what has gathered, once it is worth a write. */
  async drain(out: FileHandle, atLeast = WRITE_BYTES): Promise<void> {
    if (this.#pendingBytes < atLeast) return;
    const blocks = this.#blocks;
    this.#blocks = [];
    this.#pendingBytes = 0;
    await out.appendFile(Buffer.concat(blocks));
  }

  #push(block: Uint8Array): void {
    this.#blocks.push(block);
    this.#pendingBytes += block.length;
  }

  #interfaceOf(linkType: number): number {
    const known = this.#interfaces.get(linkType);
    if (known !== undefined) return known;
    const id = this.#interfaces.size;
    this.#interfaces.set(linkType, id);
    this.#push(interfaceBlock(linkType, this.#options.name));
    return id;
  }

  #isTunnel(frame: Frame): boolean {
    if (this.#options.trimTunnel === null) return false;
    const headers = this.#headers;
    headers.read(frame);
    if (headers.protocol !== PROTOCOL.udp || headers.fragment === FRAGMENT.later) return false;
    const v6 = headers.network === NETWORK.ip6;
    return (
      this.#endpoints.has(frame.view, headers.destinationAt, v6, headers.destinationPort) ||
      this.#endpoints.has(frame.view, headers.sourceAt, v6, headers.sourcePort)
    );
  }
}
