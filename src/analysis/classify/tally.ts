/**
 * Counts clear packets by span of time, class, family and source kind. A packet of a flow that is not known yet is kept
 * apart and named at the end, by what the flow turned out to be: the SYN before a handshake counts with the handshake.
 */
import {
  CLEAR_CLASSES,
  type ClearClass,
  FAMILIES,
  type Family,
  SOURCE_KINDS,
  type SourceKind,
} from '../../records/vocabulary.ts';
import type { Classifier, Judgement } from './classifier.ts';
import { NO_FLOW } from './flows.ts';

/** Clear packets of one kind. */
export interface ClearCount {
  readonly class: ClearClass;
  readonly family: Family;
  readonly source: SourceKind;
  readonly packets: number;
  readonly bytes: number;
  readonly firstNs: number;
  readonly lastNs: number;
}

export interface TallyRow {
  /** The span's number, as given to `add`. */
  readonly span: number;
  readonly count: ClearCount;
}

const FAMILY_COUNT = FAMILIES.length;
const SOURCE_COUNT = SOURCE_KINDS.length;
const CELLS_PER_SPAN = CLEAR_CLASSES.length * FAMILY_COUNT * SOURCE_COUNT;

/** Packets and bytes of one kind, with the first and last instant. */
class Count {
  packets = 0;
  bytes = 0;
  firstNs = Infinity;
  lastNs = -Infinity;

  add(bytes: number, atNs: number): void {
    this.packets++;
    this.bytes += bytes;
    if (atNs < this.firstNs) this.firstNs = atNs;
    if (atNs > this.lastNs) this.lastNs = atNs;
  }

  merge(other: Count): void {
    this.packets += other.packets;
    this.bytes += other.bytes;
    this.firstNs = Math.min(this.firstNs, other.firstNs);
    this.lastNs = Math.max(this.lastNs, other.lastNs);
  }
}

export class ClearTally {
  readonly #cells: Count[];
  /** Counts still being added to, by flow, then by cell without its class. */
  readonly #open = new Map<number, Map<number, Count>>();

  constructor(spans: number) {
    this.#cells = Array.from({ length: spans * CELLS_PER_SPAN }, () => new Count());
  }

  /** Counts a judgement of kind clear; `bytes` as on the wire. */
  add(span: number, judgement: Judgement, bytes: number, atNs: number): void {
    const { code, family, source, openFlow } = judgement;
    if (openFlow === NO_FLOW) this.#cells[cellOf(span, code, family, source)]?.add(bytes, atNs);
    else this.#openCount(openFlow, cellOf(span, 0, family, source)).add(bytes, atNs);
  }

  /** Every kind that was met, in the order of the vocabulary. Ends the tally: call it once. */
  rows(classifier: Pick<Classifier, 'classOfFlow'>): TallyRow[] {
    for (const [flow, counts] of this.#open) {
      const classOffset = classifier.classOfFlow(flow) * FAMILY_COUNT * SOURCE_COUNT;
      for (const [cell, count] of counts) this.#cells[cell + classOffset]?.merge(count);
    }
    this.#open.clear();
    return this.#cells.flatMap((count, cell) => (count.packets === 0 ? [] : [rowOf(cell, count)]));
  }

  #openCount(flow: number, cell: number): Count {
    let counts = this.#open.get(flow);
    if (counts === undefined) this.#open.set(flow, (counts = new Map<number, Count>()));
    let count = counts.get(cell);
    if (count === undefined) counts.set(cell, (count = new Count()));
    return count;
  }
}

function cellOf(span: number, code: number, family: number, source: number): number {
  return span * CELLS_PER_SPAN + (code * FAMILY_COUNT + family) * SOURCE_COUNT + source;
}

function rowOf(cell: number, { packets, bytes, firstNs, lastNs }: Count): TallyRow {
  const inSpan = cell % CELLS_PER_SPAN;
  const count: ClearCount = {
    class: CLEAR_CLASSES[Math.floor(inSpan / (FAMILY_COUNT * SOURCE_COUNT))] ?? 'other',
    family: FAMILIES[Math.floor(inSpan / SOURCE_COUNT) % FAMILY_COUNT] ?? 'non-ip',
    source: SOURCE_KINDS[inSpan % SOURCE_COUNT] ?? 'other',
    packets,
    bytes,
    firstNs,
    lastNs,
  };
  return { span: Math.floor(cell / CELLS_PER_SPAN), count };
}
