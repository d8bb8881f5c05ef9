/**
 * Exact instants out of pcapng's 64-bit ticks. Powers of ten down to a nanosecond, which is what captures use, cost two
 * subtractions and a product a packet; anything else goes through bigint and is rounded down to the nanosecond.
 */
import { NS_PER_SECOND_BIG } from '../../records/units.ts';

const WORD = 0x1_0000_0000;
const WORD_BIG = BigInt(WORD);

/** Ticks a second for an if_tsresol byte: a power of ten, or of two when its highest bit is set. */
export function ticksPerSecondOf(resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f);
  return (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent;
}

export class TickClock {
  hasOrigin = false;
  readonly #ticksPerSecond: bigint;
  readonly #offsetNs: bigint;
  /** Nanoseconds a tick, where that is a whole number; else 0. */
  readonly #tickNs: number;
  #originNs = 0n;
  #originHigh = 0;
  #originLow = 0;
  #originRestNs = 0;

  constructor(ticksPerSecond: bigint, offsetSeconds: bigint) {
    this.#ticksPerSecond = ticksPerSecond;
    this.#offsetNs = offsetSeconds * NS_PER_SECOND_BIG;
    this.#tickNs = NS_PER_SECOND_BIG % ticksPerSecond === 0n ? Number(NS_PER_SECOND_BIG / ticksPerSecond) : 0;
  }

  setOrigin(unixNs: bigint): void {
    this.hasOrigin = true;
    this.#originNs = unixNs;
    if (this.#tickNs === 0) return;
    const tickNs = BigInt(this.#tickNs);
    const since = unixNs - this.#offsetNs;
    // Rounded towards minus infinity, so that the rest is never negative.
    const restNs = ((since % tickNs) + tickNs) % tickNs;
    const ticks = (since - restNs) / tickNs;
    this.#originHigh = Number(ticks >> 32n);
    this.#originLow = Number(ticks & 0xffff_ffffn);
    this.#originRestNs = Number(restNs);
  }

  /** Nanoseconds since 1970 of a tick count given as two words. */
  unixNs(high: number, low: number): bigint {
    return ((BigInt(high) * WORD_BIG + BigInt(low)) * NS_PER_SECOND_BIG) / this.#ticksPerSecond + this.#offsetNs;
  }

  /** Nanoseconds since the origin; exact below 104 days. */
  sinceOriginNs(high: number, low: number): number {
    if (this.#tickNs === 0) return Number(this.unixNs(high, low) - this.#originNs);
    return ((high - this.#originHigh) * WORD + (low - this.#originLow)) * this.#tickNs - this.#originRestNs;
  }
}
