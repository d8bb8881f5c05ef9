/**
 * The one clock of a trial: CLOCK_REALTIME, the clock the kernel stamps captured packets with.
 *
 * Node.js offers CLOCK_REALTIME only in milliseconds (`Date.now`) and nanoseconds only on CLOCK_MONOTONIC
 * (`process.hrtime`). The offset between the two is read at the edge where `Date.now` ticks over, so it is
 * as exact as the spin that watches for the edge (about a microsecond on an idle core). A process preempted
 * exactly at the edge reads the monotonic clock late and so an offset too small, never too large: the largest of
 * several edges wins.
 */

/** An instant of a trial: whole nanoseconds of CLOCK_REALTIME since the trial's origin. Exact below 104 days. */
export type InstantNs = number;

/** An instant that is not a packet, known only to lie in [beforeNs, afterNs]. */
export interface Bracket {
  readonly beforeNs: InstantNs;
  readonly afterNs: InstantNs;
}

const NS_PER_MS = 1_000_000n;
/** Edges watched at calibration; each costs at most one millisecond. */
const CALIBRATION_EDGES = 3;

export class Clock {
  /** CLOCK_REALTIME at the trial's origin, in nanoseconds since 1970. */
  readonly originUnixNs: bigint;
  #offsetNs: bigint;

  constructor(originUnixNs?: bigint) {
    this.#offsetNs = realtimeMinusMonotonicNs();
    this.originUnixNs = originUnixNs ?? process.hrtime.bigint() + this.#offsetNs;
  }

  /** Now, in nanoseconds since the trial's origin. */
  nowNs(): InstantNs {
    return Number(process.hrtime.bigint() + this.#offsetNs - this.originUnixNs);
  }

  /**
   * Reads the offset anew and tells by how many nanoseconds the wall clock had moved against the monotonic one
   * (NTP slews it). The trial records the figure: it bounds the error of every instant that is not a packet.
   */
  recalibrate(): number {
    const fresh = realtimeMinusMonotonicNs();
    const drift = Number(fresh - this.#offsetNs);
    this.#offsetNs = fresh;
    return drift;
  }

  /** Runs `change` between two readings of the clock. */
  async bracket(change: () => Promise<void> | void): Promise<Bracket> {
    const beforeNs = this.nowNs();
    await change();
    return { beforeNs, afterNs: this.nowNs() };
  }
}

function realtimeMinusMonotonicNs(): bigint {
  let best: bigint | null = null;
  for (let edge = 0; edge < CALIBRATION_EDGES; edge++) {
    const tick = Date.now();
    let next = tick;
    let monotonic = process.hrtime.bigint();
    while (next === tick) {
      next = Date.now();
      monotonic = process.hrtime.bigint();
    }
    const offset = BigInt(next) * NS_PER_MS - monotonic;
    if (best === null || offset > best) best = offset;
  }
  return best ?? 0n;
}
