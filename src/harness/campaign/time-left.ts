/**
 * How long a campaign still takes, from what its trials took so far: what is left of those under way, then the waiting
 * ones in as many lanes as there are labs. Until the first trial has ended there is only the plan's own estimate, which
 * is called that.
 */

/** Trials the estimate looks back on: enough to be steady, few enough to follow a machine that slows down. */
const LOOKS_BACK = 50;

export class TimeLeft {
  readonly #took: number[] = [];
  readonly #plannedSeconds: number;

  /** `plannedSeconds`: what one trial is planned to take. */
  constructor(plannedSeconds: number) {
    this.#plannedSeconds = plannedSeconds;
  }

  ended(tookSeconds: number): void {
    this.#took.push(tookSeconds);
    if (this.#took.length > LOOKS_BACK) this.#took.shift();
  }

  /** Whether the estimate rests on trials that were run. */
  get measured(): boolean {
    return this.#took.length > 0;
  }

  /** Seconds to the end, for trials under way since so many seconds, waiting ones, and labs side by side. */
  seconds(runningSeconds: readonly number[], waiting: number, jobs: number): number {
    const each = this.measured
      ? this.#took.reduce((sum, took) => sum + took, 0) / this.#took.length
      : this.#plannedSeconds;
    const lanes = runningSeconds.map((since) => Math.max(0, each - since));
    while (lanes.length < jobs && lanes.length < runningSeconds.length + waiting) lanes.push(0);
    if (lanes.length === 0) return 0;
    // Each waiting trial goes to the lane that is free first.
    const whole = Math.floor(waiting / lanes.length);
    for (const lane of lanes.keys()) lanes[lane] = (lanes[lane] ?? 0) + whole * each;
    for (let rest = waiting - whole * lanes.length; rest > 0; rest--) {
      const first = lanes.indexOf(Math.min(...lanes));
      lanes[first] = (lanes[first] ?? 0) + each;
    }
    return Math.max(...lanes);
  }
}
