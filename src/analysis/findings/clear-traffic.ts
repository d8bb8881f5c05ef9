/**
 * The clear packets of a trial by phase, class, family, source kind, author and how far they were going, and each one
 * remembered so that it is known again beyond the home router.
 */
import type { Author, ClearTraffic, TrialPhase } from '../../records/findings.ts';
import type { Identity, SwarmMap } from '../../records/identity.ts';
import {
  CLEAR_CLASSES,
  FAMILIES,
  SOURCE_KINDS,
  type ClearClass,
  type Family,
  type SourceKind,
} from '../../records/vocabulary.ts';
import { Headers, NETWORK } from '../capture/headers.ts';
import { readInOrder } from '../capture/read-in-order.ts';
import { KIND } from '../classify/classes.ts';
import { Classifier } from '../classify/classifier.ts';
import { NO_FLOW } from '../classify/flows.ts';
import { clientOf, withItself } from '../measure/uplink.ts';
import type { Authorship } from './authorship.ts';
import { LinkScope } from './link-scope.ts';
import { SentPackets, packetKey } from './packet-key.ts';
import { phaseAt, type PhaseSpan } from './trial-phases.ts';

/** What is remembered of a packet that left the client. */
export interface Sent {
  readonly author: Author;
  readonly source: SourceKind;
}

export interface UplinkTraffic {
  readonly rows: readonly ClearTraffic[];
  readonly sent: SentPackets<Sent>;
}

/** Reads the uplink capture. @throws when it cannot be opened or is no capture. */
export async function clearTraffic(
  file: string,
  originUnixNs: bigint,
  identity: Identity,
  swarm: SwarmMap | null,
  spans: readonly PhaseSpan[],
  authorship: Authorship,
): Promise<UplinkTraffic> {
  const classifier = new Classifier(clientOf(identity), withItself(swarm, identity));
  const headers = new Headers();
  const scope = new LinkScope(identity);
  const sent = new SentPackets<Sent>();
  const tally = new Tally();
  await readInOrder(file, originUnixNs, (frame) => {
    const judgement = classifier.judge(frame);
    if (judgement.kind !== KIND.clear) return;
    const { view, atNs } = frame;
    headers.read(frame);
    const v6 = headers.network === NETWORK.ip6;
    const author = authorship.authorOf(headers, view, atNs);
    const source = SOURCE_KINDS[judgement.source] ?? 'other';
    if (v6 || headers.network === NETWORK.ip4) sent.add(packetKey(headers, view, v6), atNs, { author, source });
    const phase = phaseAt(spans, atNs);
    if (phase === null) return;
    tally.add(
      {
        ...{ phase, author, source, scope: scope.of(headers, view) },
        family: FAMILIES[judgement.family] ?? 'non-ip',
        classOf: judgement.openFlow === NO_FLOW ? judgement.code : null,
        flow: judgement.openFlow,
      },
      frame.original,
      atNs,
    );
  });
  return { rows: tally.rows((flow) => classifier.classOfFlow(flow)), sent };
}

interface Kind {
  readonly phase: TrialPhase;
  readonly author: Author;
  readonly source: SourceKind;
  readonly family: Family;
  readonly scope: ClearTraffic['scope'];
  /** The number of its class; null where the flow tells it at the end. */
  readonly classOf: number | null;
  readonly flow: number;
}

interface Count {
  readonly kind: Kind;
  packets: number;
  bytes: number;
  firstNs: number;
  lastNs: number;
}

class Tally {
  readonly #counts = new Map<string, Count>();

  add(kind: Kind, bytes: number, atNs: number): void {
    const { phase, author, source, family, scope, classOf, flow } = kind;
    const key = `${phase} ${author} ${source} ${family} ${scope} ${classOf ?? `flow ${flow}`}`;
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { kind, packets: 1, bytes, firstNs: atNs, lastNs: atNs });
    else {
      count.packets++;
      count.bytes += bytes;
      count.lastNs = atNs;
    }
  }

  /** One row a kind, in the order of first packets. */
  rows(classOfFlow: (flow: number) => number): ClearTraffic[] {
    const rows = new Map<string, ClearTraffic>();
    for (const { kind, packets, bytes, firstNs, lastNs } of this.#counts.values()) {
      const { phase, author, source, family, scope } = kind;
      const name: ClearClass = CLEAR_CLASSES[kind.classOf ?? classOfFlow(kind.flow)] ?? 'other';
      const key = `${phase} ${author} ${source} ${family} ${scope} ${name}`;
      const before = rows.get(key);
      rows.set(key, {
        ...{ phase, class: name, family, source, author, scope },
        packets: packets + (before?.packets ?? 0),
        bytes: bytes + (before?.bytes ?? 0),
        firstNs: Math.min(firstNs, before?.firstNs ?? firstNs),
        lastNs: Math.max(lastNs, before?.lastNs ?? lastNs),
      });
    }
    return [...rows.values()].sort((a, b) => a.firstNs - b.firstNs);
  }
}
