/**
 * Seeded random numbers: the same seed and name give the same stream on every machine. For resampling and simulation
 * only, never for secrets.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const TWO_32 = 2 ** 32;

export interface RandomStream {
  /** A whole number in [0, bound); its bias is below bound / 2^32. */
  below(bound: number): number;
  /** A number in [0, 1) with 32 bits. */
  uniform(): number;
}

/** The stream of `seed` and `name`: streams of different names are independent for every practical purpose. */
export function randomStream(seed: number, name: string): RandomStream {
  const generator = xoroshiro128plus((seed ^ hash32(name)) | 0);
  const uniform = (): number => (generator.next() >>> 0) / TWO_32;
  return { uniform, below: (bound) => Math.floor(uniform() * bound) };
}

/** FNV-1a over UTF-16 code units, then murmur3's finaliser so that near names do not give near seeds. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
