/**
 * The one clock of a trial: CLOCK_REALTIME, the clock the kernel stamps captured packets with.
 *
 * Node.js offers CLOCK_REALTIME only in milliseconds (`Date.now`) and nanoseconds only on CLOCK_MONOTONIC
 * (`process.hrtime`). clock_gettime(2) gives the one between two readings of the other, and the offset is then known to
 * half of what lies between them: of several such readings the narrowest counts, some 200 ns. One that was held up
 * (preempted, or not yet warm) is wide and does not.
 */
import { errno, load } from 'koffi';
import { NS_PER_SECOND_BIG } from '../records/units.ts';

/** An instant of a trial: whole nanoseconds of CLOCK_REALTIME since the trial's origin. Exact below 104 days. */
export type InstantNs = number;

/** An instant that is not a packet, known only to lie in [beforeNs, afterNs]. */
export interface Bracket {
  readonly beforeNs: InstantNs;
  readonly afterNs: InstantNs;
}

/** Clock's id in linux/time.h. */
const CLOCK_REALTIME = 0;
/** Readings of a calibration, a microsecond each; the first few are of code that is not warm yet. */
const READINGS = 10;

export class Clock {
  /** CLOCK_REALTIME at the trial's origin, in nanoseconds since 1970. */
  readonly originUnixNs: bigint;
  #offsetNs: bigint;

  constructor(originUnixNs?: bigint) {
    this.#offsetNs = realtimeMinusMonotonicNs();
    this.originUnixNs = originUnixNs ?? process.hrtime.bigint() + this.#offsetNs;
  }

  /** Reads the clock: nanoseconds since the trial's origin. */
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

const clockGettime = load(null).func('int clock_gettime(int clock, _Out_ int64_t *seconds_and_nanoseconds)');

function realtimeMinusMonotonicNs(): bigint {
  const time = new BigInt64Array(2);
  let narrowest: bigint | null = null;
  let offset = 0n;
  for (let reading = 0; reading < READINGS; reading++) {
    const before = process.hrtime.bigint();
    if (clockGettime(CLOCK_REALTIME, time) !== 0) throw new Error(`clock_gettime(2): errno ${errno()}`);
    const after = process.hrtime.bigint();
    if (narrowest !== null && after - before >= narrowest) continue;
    narrowest = after - before;
    const [seconds = 0n, nanoseconds = 0n] = time;
    offset = seconds * NS_PER_SECOND_BIG + nanoseconds - (before + after) / 2n;
  }
  return offset;
}
