/** The unit a time axis is labelled in: minutes where seconds would run into the hundreds. */
const MINUTES_FROM_SECONDS = 300;

export interface TimeUnit {
  readonly name: 'seconds' | 'minutes';
  readonly seconds: number;
}

export function timeUnit(longestSeconds: number): TimeUnit {
  return longestSeconds >= MINUTES_FROM_SECONDS ? { name: 'minutes', seconds: 60 } : { name: 'seconds', seconds: 1 };
}
