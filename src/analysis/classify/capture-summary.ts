/**
 * What one capture holds, by the rules of the classifier: every frame of it in exactly one count. A frame is
 * judged by all that the capture shows of the client, not only by what came before it: where that came too late, the capture
 * is read once more.
 */
import { HOUSEKEEPING_CLASSES, type HousekeepingClass } from '../../records/vocabulary.ts';
import { type Frame, LINK } from '../capture/frame.ts';
import { type CaptureReport, readCapture } from '../capture/read-capture.ts';
import { KIND } from './classes.ts';
import { Classifier, type ClientIdentity } from './classifier.ts';
import { Passages } from './passages.ts';
import { type ClearCount, ClearTally } from './tally.ts';
import { SHAPE, TunnelShortcut } from './tunnel-shortcut.ts';
import { type Sender, Vantage } from './vantage.ts';

export interface Volume {
  packets: number;
  /** Bytes of the frames as they were on the wire, in total. */
  bytes: number;
}

export interface CaptureSummary {
  readonly report: CaptureReport;
  /** Clear packets; instants count from the report's origin. */
  readonly clear: readonly ClearCount[];
  readonly housekeeping: readonly (Volume & { readonly class: HousekeepingClass })[];
  readonly tunnel: Volume;
  readonly canary: Volume;
  /** Frames that do not leave the client. */
  readonly others: Volume;
  /** Frames on the loopback or the tunnel's own device: they left on neither. */
  readonly inner: Volume;
  /** Packets that were seen before, on another link of the machine that captured. */
  readonly again: Volume;
  /** Ethernet addresses that the client's addresses send from, where none was given. */
  readonly senders: readonly Sender[];
  /** Frames of link types nothing is known of, by link type: whether they left the client cannot be said. */
  readonly unreadable: ReadonlyMap<number, Volume>;
}

const READABLE = new Set<number>(Object.values(LINK));

/** Classifies a whole capture. @throws NotACapture */
export async function summariseCapture(file: string, client: ClientIdentity): Promise<CaptureSummary> {
  const vantage = new Vantage(client);
  const judging = new Judging(client, vantage);
  let known = vantage.version;
  const learnt = { tooLate: false };
  const report = await readCapture(file, null, (frame) => {
    if (READABLE.has(frame.linkType)) vantage.see(frame);
    if (vantage.version !== known) {
      known = vantage.version;
      if (judging.needsNothing) judging.learn();
      else learnt.tooLate = true;
    }
    if (!learnt.tooLate) judging.take(frame);
  });
  if (!learnt.tooLate) return judging.summary(report);
  const once = new Judging(client, vantage);
  return once.summary(await readCapture(file, null, (frame) => once.take(frame)));
}

/** Judges and counts frames by what the vantage knows. */
class Judging {
  /** Only frames have come yet that are judged the same whatever is known. */
  needsNothing = true;
  readonly #client: ClientIdentity;
  readonly #vantage: Vantage;
  readonly #shortcut: TunnelShortcut;
  readonly #passages = new Passages();
  readonly #inner = nothing();
  readonly #again = nothing();
  readonly #clear = new ClearTally(1);
  readonly #housekeeping = HOUSEKEEPING_CLASSES.map(nothing);
  readonly #byKind = Object.values(KIND).map(nothing);
  readonly #unreadable = new Map<number, Volume>();
  #classifier: Classifier;

  constructor(client: ClientIdentity, vantage: Vantage) {
    this.#client = client;
    this.#vantage = vantage;
    this.#shortcut = new TunnelShortcut(client.endpoints);
    this.#classifier = this.#newClassifier();
  }

  /** Takes over what the vantage has come to know. */
  learn(): void {
    this.#classifier = this.#newClassifier();
  }

  #newClassifier(): Classifier {
    return new Classifier({ ...this.#client, learntMacs: this.#vantage.macs() }, null);
  }

  take(frame: Frame): void {
    if (!READABLE.has(frame.linkType)) {
      const volume = this.#unreadable.get(frame.linkType) ?? nothing();
      this.#unreadable.set(frame.linkType, volume);
      add(volume, frame.original);
      return;
    }
    // What the tunnel's server sends never leaves the client.
    if (this.needsNothing) this.needsNothing = this.#shortcut.shapeOf(frame) === SHAPE.fromEndpoint;
    if (this.#vantage.isInner(frame)) add(this.#inner, frame.original);
    else if (this.#passages.isAgain(frame)) add(this.#again, frame.original);
    else this.#judge(frame);
  }

  #judge(frame: Frame): void {
    const judgement = this.#classifier.judge(frame);
    const { kind, code } = judgement;
    if (kind === KIND.clear) this.#clear.add(0, judgement, frame.original, frame.atNs);
    else add(kind === KIND.housekeeping ? this.#housekeeping[code] : this.#byKind[kind], frame.original);
  }

  summary(report: CaptureReport): CaptureSummary {
    return {
      report,
      clear: this.#clear.rows(this.#classifier).map(({ count }) => count),
      housekeeping: HOUSEKEEPING_CLASSES.map((name, code) => ({
        class: name,
        ...(this.#housekeeping[code] ?? nothing()),
      })).filter(({ packets }) => packets > 0),
      tunnel: this.#byKind[KIND.tunnel] ?? nothing(),
      canary: this.#byKind[KIND.canary] ?? nothing(),
      others: this.#byKind[KIND.notLeaving] ?? nothing(),
      inner: this.#inner,
      again: this.#again,
      senders: this.#client.mac === null ? this.#vantage.senders() : [],
      unreadable: this.#unreadable,
    };
  }
}

function nothing(): Volume {
  return { packets: 0, bytes: 0 };
}

function add(volume: Volume | undefined, bytes: number): void {
  if (volume === undefined) return;
  volume.packets++;
  volume.bytes += bytes;
}
