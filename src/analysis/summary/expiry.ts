/**
 * Tells for how long each tracker and DHT implementation hands out a peer that announced itself once, beside what its
 * source says: from planted addresses, whose beginning is known exactly and whose end within one step of the retrieval.
 */
import { compare, grouped } from './cells.ts';
import type { LifeRow, TrialRow } from './rows.ts';
import type { Expiry } from './schema.ts';

/**
 * Seconds by which a life of the documented length may seem longer, from one answer with the address to the next
 * without it.
 */
const CLOCK_SECONDS = 1;

/**
 * Lives of planted addresses in every completed trial, judged or not: what a tracker answers a stranger does not depend
 * on whether the client's own story can be told, and its instants are the retrieval's.
 */
export function livesIn(rows: readonly TrialRow[]): LifeRow[] {
  return rows.flatMap(({ measured }) => [...(measured?.lives ?? [])]);
}

/** One line for each software and version, by name. */
export function expiryBySoftware(rows: readonly TrialRow[]): Expiry[] {
  const lives = livesIn(rows);
  return [...grouped(lives, ({ software, version }) => `${software} ${version}`).values()]
    .flatMap((group) => (group[0] === undefined ? [] : [expiryOf(group[0], group)]))
    .sort((a, b) => compare(a.software, b.software));
}

function expiryOf(first: LifeRow, lives: readonly LifeRow[]): Expiry {
  const { software, version, documentedSeconds, windowSeconds, source } = first;
  const ended = lives.filter(({ atMostSeconds }) => atMostSeconds !== null);
  const least = (ended.length > 0 ? ended : lives).reduce(
    (low, { atLeastSeconds }) => Math.min(low, atLeastSeconds),
    Infinity,
  );
  const most =
    ended.length === 0 ? null : ended.reduce((high, { atMostSeconds }) => Math.max(high, atMostSeconds ?? 0), 0);
  return {
    ...{ software, version, documentedSeconds, source },
    ...(windowSeconds === undefined ? {} : { windowSeconds: windowOf(windowSeconds) }),
    observations: lives.length,
    censored: lives.length - ended.length,
    atLeastSeconds: least,
    atMostSeconds: most,
    agrees: agreement(
      windowSeconds ?? (documentedSeconds === null ? null : [documentedSeconds, documentedSeconds]),
      lives,
    ),
  };
}

function windowOf(window: readonly [number, number] | null): [number, number] | null {
  return window === null ? null : [window[0], window[1]];
}

/** Every life must allow the window: none ended before it, none was seen after it. Null: nothing ends. */
function agreement(window: readonly [number, number] | null, lives: readonly LifeRow[]): boolean | null {
  if (window === null) return lives.every(({ atMostSeconds }) => atMostSeconds === null);
  const [earliest, latest] = window;
  const early = lives.some(({ atMostSeconds }) => atMostSeconds !== null && atMostSeconds < earliest - CLOCK_SECONDS);
  const late = lives.some(({ atLeastSeconds }) => atLeastSeconds > latest + CLOCK_SECONDS);
  if (early || late) return false;
  return lives.some(({ atMostSeconds }) => atMostSeconds === null) ? null : true;
}
