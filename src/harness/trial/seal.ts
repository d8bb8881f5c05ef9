/**
 * The end of a trial: its captures become pcapng files with the instants that matter marked in them, and its record
 * gets its measures. Afterwards nothing of the trial is changed any more.
 */
import path from 'node:path';
import { sealCapture, type CaptureComment } from '../../analysis/capture/seal-capture.ts';
import { measureTrial } from '../../analysis/measure/measure.ts';
import { endpointsOf } from '../../records/identity.ts';
import type { Measures } from '../../records/measures.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord } from '../../records/trial-record.ts';

/** Bytes kept of each datagram of the tunnel: enough to see what it is; the rest is ciphertext. */
const TUNNEL_BYTES_KEPT = 128;

export interface RawCapture {
  readonly name: 'uplink' | 'wan';
  /** The pcap file as captured, gone with the lab. */
  readonly file: string;
}

/** Writes `uplink.pcapng` and `wan.pcapng` into the trial's folder and gives the record with its measures. */
export async function seal(
  record: TrialRecord,
  timeline: readonly TimelineEvent[],
  folder: string,
  raw: readonly RawCapture[],
): Promise<TrialRecord> {
  const fileOf = (name: RawCapture['name']): string | null => raw.find((each) => each.name === name)?.file ?? null;
  const { measures } = await measureTrial({
    record,
    timeline,
    uplinkFile: fileOf('uplink'),
    wanFile: fileOf('wan'),
  });
  const comments = commentsOn(record, measures);
  for (const { name, file } of raw) {
    await sealCapture({
      sources: [file],
      name,
      out: path.join(folder, `${name}.pcapng`),
      originUnixNs: BigInt(record.originUnixNs),
      comments,
      trimTunnel:
        record.identity === null ? null : { endpoints: endpointsOf(record.identity), bytes: TUNNEL_BYTES_KEPT },
      dropped: record.captures.find((capture) => capture.name === name)?.dropped ?? null,
    });
  }
  return { ...record, measures };
}

function commentsOn(record: TrialRecord, measures: Measures): CaptureComment[] {
  const { fault, restored } = record.instants;
  return [
    fault === null ? [] : [{ atNs: fault.beforeNs, text: `fault: ${record.cell.fault}` }],
    measures.lastClearNs === null
      ? []
      : [{ atNs: measures.lastClearNs, text: 'containment: last clear packet of the outage' }],
    restored === null ? [] : [{ atNs: restored.afterNs, text: 'restoration' }],
  ].flat();
}
