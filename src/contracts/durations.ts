/** Durations as people write them: `500ms`, `2s`, `1.5s`, `55m`, `1h`. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/**
 * Four days. A trial has up to five such windows, one after the other, and no timer of Node.js lasts longer than 24.8 days
 * (2^31 ms): one that should ends at once, without a word.
 */
export const LONGEST_SECONDS = 96 * 3600;

/** How a duration is written, for whoever wrote none. */
export const DURATION_HINT = 'write 500ms, 6s, 2m or 1h, at most 96h';

/**
 * Seconds of a written duration; null when it is not one, or longer than `LONGEST_SECONDS`. A bare number is refused: its
 * unit would be a guess.
 */
export function parseSeconds(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const unit = UNIT_SECONDS[match?.[2] ?? ''];
  if (match?.[1] === undefined || unit === undefined) return null;
  const seconds = Number(match[1]) * unit;
  return seconds <= LONGEST_SECONDS ? seconds : null;
}

/** «6 min 20 s», for people. */
export function describeSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
