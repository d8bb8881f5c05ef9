/**
 * Instants at which the clear packets of one trial left, by class, in bins of equal width: what the timeline picture is
 * drawn from. Reads the sealed capture; where it is gone, what the record sealed (first and last packet of each class
 * and phase).
 */
import type { Identity } from '../../records/identity.ts';
import type { Measures } from '../../records/measures.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { CLEAR_CLASSES, type ClearClass } from '../../records/vocabulary.ts';
import { NotACapture } from '../capture/read-capture.ts';
import { readInOrder } from '../capture/read-in-order.ts';
import { Classifier } from '../classify/classifier.ts';
import { KIND } from '../classify/classes.ts';
import { NO_FLOW } from '../classify/flows.ts';
import { clientOf } from '../measure/uplink.ts';

interface PacketBin {
  readonly class: ClearClass;
  readonly fromNs: number;
  readonly toNs: number;
  readonly packets: number;
}

export interface ClearPackets {
  readonly bins: readonly PacketBin[];
  /**
   * Whether the bins come from the capture; else they are only the first and last packet of each kind, from the record.
   */
  readonly fromCapture: boolean;
}

/** Bins over the width of the picture. */
const BINS = 240;

/** Clear packets of `record` between `fromNs` and `toNs`; those before or after are not shown. */
export async function clearPackets(
  record: TrialRecord,
  measures: Measures | null,
  capture: string | null,
  fromNs: number,
  toNs: number,
): Promise<ClearPackets> {
  const sealed = (measures?.traffic ?? []).map(({ class: name, firstNs, lastNs, packets }) => {
    return { class: name, fromNs: firstNs, toNs: lastNs, packets };
  });
  if (capture === null || record.identity === null) return { bins: sealed, fromCapture: false };
  try {
    return { bins: await binned(record, record.identity, capture, fromNs, toNs), fromCapture: true };
  } catch (error) {
    if (error instanceof NotACapture) return { bins: sealed, fromCapture: false };
    throw error;
  }
}

async function binned(
  record: TrialRecord,
  identity: Identity,
  capture: string,
  fromNs: number,
  toNs: number,
): Promise<PacketBin[]> {
  const classifier = new Classifier(clientOf(identity), record.swarm);
  const width = (toNs - fromNs) / BINS;
  const counts = new Map<string, { code: number; openFlow: number; bin: number; packets: number }>();
  await readInOrder(capture, BigInt(record.originUnixNs), (frame) => {
    const { kind, code, openFlow } = classifier.judge(frame);
    if (kind !== KIND.clear || frame.atNs < fromNs || frame.atNs >= toNs) return;
    const bin = Math.floor((frame.atNs - fromNs) / width);
    const key = `${code} ${openFlow} ${bin}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { code, openFlow, bin, packets: 1 });
    else known.packets += 1;
  });
  const merged = new Map<string, PacketBin>();
  for (const { code, openFlow, bin, packets } of counts.values()) {
    const name = CLEAR_CLASSES[openFlow === NO_FLOW ? code : classifier.classOfFlow(openFlow)] ?? 'other';
    const key = `${name} ${bin}`;
    const before = merged.get(key)?.packets ?? 0;
    const start = fromNs + bin * width;
    merged.set(key, { class: name, fromNs: start, toNs: start + width, packets: before + packets });
  }
  return [...merged.values()];
}
