/**
 * How late the trial's own process is run: a timer that should fire every 25 ms, and how much later than that it ever
 * did (a standstill is at most these 25 ms longer). On a machine with too much to do every process of the lab waits like
 * this one, and instants are late by as much. Work of the process itself counts too, since it delays instants just the same.
 */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { NS_PER_MS } from '../../records/units.ts';

/** An eighth of the bound (HEARTBEAT_BOUND_NS). At 10 ms the beats were a fifth of what the process did in a trial. */
const INTERVAL_MS = 25;
const INTERVAL_NS = INTERVAL_MS * NS_PER_MS;

export class Heartbeat {
  readonly #intervals: IntervalHistogram = monitorEventLoopDelay({ resolution: INTERVAL_MS });

  start(): void {
    this.#intervals.enable();
  }

  /** Ends it; what it has found stays. */
  stop(): void {
    this.#intervals.disable();
  }

  /** The longest delay in nanoseconds; null when it never beat. */
  get maxDelayNs(): number | null {
    // The histogram holds intervals, the 25 ms included.
    return this.#intervals.count === 0 ? null : Math.max(0, this.#intervals.max - INTERVAL_NS);
  }
}
