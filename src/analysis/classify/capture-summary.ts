/**
 * What one capture holds, by the rules of the classifier: every frame of it in exactly one count. Read twice, so that a frame
 * is judged by all that the capture shows of the client, not only by what came before it.
 */
import { HOUSEKEEPING_CLASSES, type HousekeepingClass } from '../../records/vocabulary.ts';
import { LINK } from '../capture/frame.ts';
import { type CaptureReport, readCapture } from '../capture/read-capture.ts';
import { KIND } from './classes.ts';
import { Classifier, type ClientIdentity } from './classifier.ts';
import { Passages } from './passages.ts';
import { type ClearCount, ClearTally } from './tally.ts';
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
  await readCapture(file, null, (frame) => {
    if (READABLE.has(frame.linkType)) vantage.see(frame);
  });
  const senders = client.mac === null ? vantage.senders() : [];
  const learntMacs = senders.flatMap(({ mac, shared }) => (shared ? [] : [mac]));
  const classifier = new Classifier({ ...client, learntMacs }, null);
  const passages = new Passages();
  const inner = nothing();
  const again = nothing();
  const clear = new ClearTally(1);
  const housekeeping = HOUSEKEEPING_CLASSES.map(nothing);
  const byKind = Object.values(KIND).map(nothing);
  const unreadable = new Map<number, Volume>();
  const report = await readCapture(file, null, (frame) => {
    if (!READABLE.has(frame.linkType)) {
      const volume = unreadable.get(frame.linkType) ?? nothing();
      unreadable.set(frame.linkType, volume);
      add(volume, frame.original);
      return;
    }
    if (vantage.isInner(frame)) {
      add(inner, frame.original);
      return;
    }
    if (passages.isAgain(frame)) {
      add(again, frame.original);
      return;
    }
    const judgement = classifier.judge(frame);
    if (judgement.kind === KIND.clear) clear.add(0, judgement, frame.original, frame.atNs);
    else
      add(judgement.kind === KIND.housekeeping ? housekeeping[judgement.code] : byKind[judgement.kind], frame.original);
  });
  return {
    report,
    clear: clear.rows(classifier).map(({ count }) => count),
    housekeeping: HOUSEKEEPING_CLASSES.map((name, code) => ({
      class: name,
      ...(housekeeping[code] ?? nothing()),
    })).filter(({ packets }) => packets > 0),
    tunnel: byKind[KIND.tunnel] ?? nothing(),
    canary: byKind[KIND.canary] ?? nothing(),
    others: byKind[KIND.notLeaving] ?? nothing(),
    inner,
    again,
    senders,
    unreadable,
  };
}

function nothing(): Volume {
  return { packets: 0, bytes: 0 };
}

function add(volume: Volume | undefined, bytes: number): void {
  if (volume === undefined) return;
  volume.packets++;
  volume.bytes += bytes;
}
