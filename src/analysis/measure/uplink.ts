/**
 * What the uplink capture of a trial comes to: the witness's count of every frame that left, and the clear packets and
 * housekeeping by phase.
 */
import { type Identity, type SwarmMap, endpointsOf } from '../../records/identity.ts';
import type { Measures, Traffic } from '../../records/measures.ts';
import type { WitnessCount } from '../../records/trial-record.ts';
import { HOUSEKEEPING_CLASSES, type HousekeepingClass, PHASES, type Phase } from '../../records/vocabulary.ts';
import type { CaptureReport } from '../capture/read-capture.ts';
import { readInOrder } from '../capture/read-in-order.ts';
import { KIND } from '../classify/classes.ts';
import { Classifier, type ClientIdentity } from '../classify/classifier.ts';
import { ClearTally } from '../classify/tally.ts';
import { SPAN, type Spans, spanAt } from './phases.ts';

export interface UplinkMeasures {
  readonly report: CaptureReport;
  readonly witness: WitnessCount;
  readonly traffic: Traffic[];
  readonly housekeeping: Measures['housekeeping'];
  /** First and last clear packet of the outage. */
  readonly firstClearNs: number | null;
  readonly lastClearNs: number | null;
}

/**
 * Phase of clear packets, by span: all clear packets of the outage are of the gap, which ends with the last of them.
 */
const CLEAR_PHASES = ['baseline', 'gap', 'recovery'] as const satisfies readonly Phase[];

export function clientOf(identity: Identity): ClientIdentity {
  return {
    mac: identity.clientMac,
    real: withoutNulls([identity.lan4, identity.lan6, identity.wan4]),
    tunnel: withoutNulls([identity.tunnel4, identity.tunnel6]),
    endpoints: endpointsOf(identity),
  };
}

export function withoutNulls(addresses: readonly (string | null)[]): string[] {
  return addresses.filter((address) => address !== null);
}

export async function measureUplink(
  file: string,
  originUnixNs: bigint,
  identity: Identity,
  swarm: SwarmMap | null,
  spans: Spans,
): Promise<UplinkMeasures> {
  const classifier = new Classifier(clientOf(identity), withItself(swarm, identity));
  const clear = new ClearTally(CLEAR_PHASES.length);
  const housekeeping = new HousekeepingTally();
  const witness = { clear: 0, tunnel: 0, housekeeping: 0 };
  let firstClearNs: number | null = null;
  let lastClearNs: number | null = null;

  const report = await readInOrder(file, originUnixNs, (frame) => {
    const judgement = classifier.judge(frame);
    switch (judgement.kind) {
      case KIND.tunnel:
        witness.tunnel++;
        return;
      case KIND.canary:
        witness.clear++;
        return;
      case KIND.housekeeping:
        witness.housekeeping++;
        housekeeping.add(spanAt(spans, frame.atNs), judgement.code, frame.original);
        return;
      case KIND.clear: {
        witness.clear++;
        const span = spanAt(spans, frame.atNs);
        if (span === SPAN.outside) return;
        clear.add(span, judgement, frame.original, frame.atNs);
        if (span !== SPAN.outage) return;
        firstClearNs ??= frame.atNs;
        lastClearNs = frame.atNs;
        housekeeping.closeGap();
        return;
      }
    }
  });
  return {
    report,
    witness,
    traffic: clear.rows(classifier).map(({ span, count }) => ({ phase: CLEAR_PHASES[span] ?? 'recovery', ...count })),
    housekeeping: housekeeping.rows(),
    firstClearNs,
    lastClearNs,
  };
}

/** A client hears from the swarm of a peer at its own public addresses, and tries to connect: peer traffic like any other. */
export function withItself(swarm: SwarmMap | null, { wan4, exit4, exit6 }: Identity): SwarmMap | null {
  if (swarm === null) return null;
  const itself = { id: 'itself', addresses: withoutNulls([wan4, exit4, exit6]), port: 0 };
  return { ...swarm, peers: [...swarm.peers, itself] };
}

/** Housekeeping by phase. Where the gap ends is known only with the outage's last clear packet, so it is closed at each. */
class HousekeepingTally {
  readonly #counts = PHASES.map(() => HOUSEKEEPING_CLASSES.map(() => ({ packets: 0, bytes: 0 })));

  add(span: number, code: number, bytes: number): void {
    const count = this.#counts[HOUSEKEEPING_PHASE[span] ?? -1]?.[code];
    if (count === undefined) return;
    count.packets++;
    count.bytes += bytes;
  }

  closeGap(): void {
    HOUSEKEEPING_CLASSES.forEach((_, code) => {
      const gap = this.#counts[GAP]?.[code];
      const contained = this.#counts[CONTAINED]?.[code];
      if (gap === undefined || contained === undefined || contained.packets === 0) return;
      gap.packets += contained.packets;
      gap.bytes += contained.bytes;
      contained.packets = contained.bytes = 0;
    });
  }

  rows(): { phase: Phase; class: HousekeepingClass; packets: number; bytes: number }[] {
    return PHASES.flatMap((phase, at) =>
      HOUSEKEEPING_CLASSES.flatMap((name, code) => {
        const count = this.#counts[at]?.[code];
        return count === undefined || count.packets === 0 ? [] : [{ phase, class: name, ...count }];
      }),
    );
  }
}

const GAP = PHASES.indexOf('gap');
const CONTAINED = PHASES.indexOf('contained');
/** Phase of housekeeping packets, as an index into PHASES, by span. */
const HOUSEKEEPING_PHASE: readonly number[] = [PHASES.indexOf('baseline'), CONTAINED, PHASES.indexOf('recovery')];
