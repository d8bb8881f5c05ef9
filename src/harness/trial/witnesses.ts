/** The two witnesses of a trial, which are read together: the captures on both sides of the router, and its counters. */
import path from 'node:path';
import type { InstrumentReport } from '../../contracts/instrument.ts';
import type { Lab } from '../../contracts/lab.ts';
import { Frame, LINK } from '../../analysis/capture/frame.ts';
import { Headers } from '../../analysis/capture/headers.ts';
import type { CanaryWatch } from '../../probes/canary-watch.ts';
import { nonceIn } from '../../probes/canary.ts';
import { startCapture, type RunningCapture } from '../../probes/capture.ts';
import { startCounters, type RunningCounters } from '../../probes/counters.ts';
import type { CapturedFrame } from '../../probes/pcap-stream.ts';
import { PROTOCOL } from '../../records/protocols.ts';
import type { TrialRecord, WitnessCount } from '../../records/trial-record.ts';
import type { Timeline } from './live-timeline.ts';
import { WIREGUARD_HANDSHAKE_NOTE } from './moments.ts';

/** WireGuard's handshake initiation (its paper, 5.4.2). */
const INITIATION = { type: 1, bytes: 148 };

type Side = 'uplink' | 'wan';

/** What both witnesses leave in the record at their end. */
interface Seen {
  readonly counters: WitnessCount;
  readonly captures: TrialRecord['captures'];
  readonly reports: readonly ({ readonly id: Side } & InstrumentReport)[];
}

export class Witnesses {
  readonly rawCaptures: readonly { readonly name: Side; readonly file: string }[];
  readonly #counters: RunningCounters;
  readonly #uplink: RunningCapture;
  readonly #wan: RunningCapture;

  private constructor(folder: string, counters: RunningCounters, uplink: RunningCapture, wan: RunningCapture) {
    this.rawCaptures = (['uplink', 'wan'] as const).map((name) => ({ name, file: rawFile(folder, name) }));
    this.#counters = counters;
    this.#uplink = uplink;
    this.#wan = wan;
  }

  /** Starts both; resolves when each would record the next frame. */
  static async arm(lab: Lab, watch: CanaryWatch, timeline: Timeline): Promise<Witnesses> {
    const { folder } = lab.hosts.router;
    const initiations = new Initiations(lab.identity.endpoint.port);
    const capture = (name: Side): Promise<RunningCapture> =>
      startCapture(lab[name], {
        file: rawFile(folder, name),
        clock: lab.clock,
        onFrame: (frame) => {
          const nonce = watch.waiting ? nonceIn(frame.bytes) : null;
          if (nonce !== null) watch.saw(name, nonce);
          if (name === 'uplink' && initiations.includes(frame)) {
            timeline.add({ kind: 'note', atNs: frame.atNs, text: WIREGUARD_HANDSHAKE_NOTE });
          }
        },
      });
    const [counters, uplink, wan] = await Promise.all([
      startCounters(lab.uplink, lab.identity),
      capture('uplink'),
      capture('wan'),
    ]);
    return new Witnesses(folder, counters, uplink, wan);
  }

  /** Hands on what the uplink's capture sees as it comes, to the end of the trial. */
  followUplink(): void {
    this.#uplink.follow();
  }

  /** Hands on what both captures see as it comes, until the result is disposed of. */
  follow(): Disposable {
    const followed = [this.#uplink.follow(), this.#wan.follow()];
    return {
      [Symbol.dispose]: () => {
        for (const each of followed) each[Symbol.dispose]();
      },
    };
  }

  /** Number of canaries that the counters have counted. */
  async countedCanaries(): Promise<number> {
    return (await this.#counters.read()).canaries;
  }

  /** Reads both, the counters first, and ends the captures. Nothing may leave the client any more by then. */
  async stop(): Promise<Seen> {
    const { witness } = await this.#counters.read();
    const [uplink, wan] = await Promise.all([this.#uplink.stop(), this.#wan.stop()]);
    const seen = [
      { id: 'uplink' as const, ...uplink },
      { id: 'wan' as const, ...wan },
    ];
    return {
      counters: witness,
      captures: seen.map(({ id, packets, dropped }) => ({ name: id, file: `${id}.pcapng`, packets, dropped })),
      reports: seen.map(({ id, dropped, blind }) => ({ id, dropped, blind })),
    };
  }
}

/** Tells WireGuard's handshake initiations to a port from all other frames of an Ethernet capture. */
class Initiations {
  readonly #port: number;
  readonly #frame = new Frame();
  readonly #headers = new Headers();

  constructor(port: number) {
    this.#port = port;
    this.#frame.linkType = LINK.ethernet;
  }

  includes({ bytes, length }: Pick<CapturedFrame, 'bytes' | 'length'>): boolean {
    this.#frame.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#frame.captured = bytes.length;
    this.#frame.original = length;
    this.#headers.read(this.#frame);
    const { protocol, destinationPort, payloadAt, payloadBytes, end } = this.#headers;
    return (
      protocol === PROTOCOL.udp &&
      destinationPort === this.#port &&
      payloadBytes === INITIATION.bytes &&
      payloadAt < end &&
      bytes[payloadAt] === INITIATION.type
    );
  }
}

function rawFile(folder: string, name: Side): string {
  return path.join(folder, `${name}.pcap`);
}
