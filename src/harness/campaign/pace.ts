/**
 * How many labs run side by side. Trials are mostly waiting, so many share a core; but opening a lab and starting its
 * client is work, and while too much of that goes on the trials under observation are disturbed. So the number of labs
 * being opened is bounded by the cores, and the number of labs at all follows what the trials' own heartbeats tell.
 */
import os from 'node:os';
import { HEARTBEAT_BOUND_NS } from '../../records/trial-record.ts';

/** Where `auto` begins, and the most it goes to; between the two the heartbeats decide. */
const FIRST_JOBS_PER_CORE = 4;
const MOST_JOBS_PER_CORE = 12;
/** What a lab takes at most: its hosts' daemons, swarm, client, captures. */
const LAB_MIB = 400;
/** Part of the bound below which there is room for more labs. */
const CALM = 0.5;

export interface Pace {
  /** Labs that may run now. */
  readonly jobs: number;
  /** Labs that may be opening now, before their client is started. */
  readonly opening: number;
  /** Takes what a trial's heartbeat came to, in nanoseconds; null when it had none. */
  heard(heartbeatMaxDelayNs: number | null): void;
}

/** The number the user gave. */
export function fixedPace(jobs: number): Pace {
  return { jobs, opening: openingAtOnce(), heard: () => undefined };
}

/**
 * Begins with four labs a core and goes one up after as many calm trials as there are labs, a quarter down at once when
 * a trial was disturbed: up slowly, down fast, as TCP does and for the same reason.
 */
export class AdaptivePace implements Pace {
  readonly opening: number;
  readonly #most: number;
  #jobs: number;
  #calm = 0;
  /** Trials under way when the number went down were disturbed by the same load: they do not take it down again. */
  #ignore = 0;

  constructor(first: number, most: number, opening: number) {
    this.#jobs = Math.min(first, most);
    this.#most = most;
    this.opening = opening;
  }

  /** Pace for this machine, by its cores and the memory that is free now. */
  static ofMachine(): AdaptivePace {
    const cores = os.availableParallelism();
    const most = Math.max(1, Math.min(cores * MOST_JOBS_PER_CORE, Math.floor(os.freemem() / 2 ** 20 / LAB_MIB)));
    return new AdaptivePace(cores * FIRST_JOBS_PER_CORE, most, openingAtOnce());
  }

  get jobs(): number {
    return this.#jobs;
  }

  heard(heartbeatMaxDelayNs: number | null): void {
    if (heartbeatMaxDelayNs === null) return;
    if (this.#ignore > 0) {
      this.#ignore -= 1;
      return;
    }
    if (heartbeatMaxDelayNs > HEARTBEAT_BOUND_NS) {
      this.#ignore = this.#jobs - 1;
      this.#jobs = Math.max(1, Math.floor(this.#jobs * 0.75));
      this.#calm = 0;
    } else if (heartbeatMaxDelayNs > CALM * HEARTBEAT_BOUND_NS) {
      this.#calm = 0;
    } else if (++this.#calm >= this.#jobs) {
      this.#jobs = Math.min(this.#most, this.#jobs + 1);
      this.#calm = 0;
    }
  }
}

function openingAtOnce(): number {
  return os.availableParallelism();
}
