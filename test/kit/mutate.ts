/**
 * Endless inputs for parsers, the same for the same seed: half of them examples with some bytes changed, cut, doubled or
 * spliced with another example's, half of them bytes drawn from an alphabet the format is made of.
 */
import { seededRandom } from './seeded.ts';

export interface Examples {
  /** Whole inputs that the parser accepts. */
  readonly examples: readonly Uint8Array[];
  /** Bytes that mean something to it. */
  readonly alphabet: string;
}

const LONGEST = 2048;
/** Values at which lengths and counts go wrong. */
const EDGES = [0x00, 0x01, 0x30, 0x39, 0x3a, 0x65, 0x7f, 0x80, 0xfe, 0xff];

export function* inputs({ examples, alphabet }: Examples, seed: number, count: number): Generator<Uint8Array> {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const symbols = Buffer.from(alphabet, 'latin1');
  const example = (): Uint8Array => examples[below(examples.length)] ?? new Uint8Array();
  for (let input = 0; input < count; input++) {
    if (below(2) === 0) {
      const drawn = Buffer.alloc(below(96));
      for (const at of drawn.keys()) drawn[at] = below(8) === 0 ? below(256) : (symbols[below(symbols.length)] ?? 0);
      yield drawn;
      continue;
    }
    let bytes: Buffer = Buffer.from(example());
    for (let edits = 1 + below(4); edits > 0; edits--) bytes = edited(bytes, example(), below);
    yield bytes.subarray(0, LONGEST);
  }
}

function edited(bytes: Buffer, other: Uint8Array, below: (limit: number) => number): Buffer {
  const at = below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + below(16));
  switch (below(6)) {
    case 0:
      if (at < bytes.length) bytes[at] = below(256);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = EDGES[below(EDGES.length)] ?? 0;
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)]);
    default:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length + 1))]);
  }
}
