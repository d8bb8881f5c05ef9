/**
 * For how long each tracker and DHT implementation hands out a peer that announced itself once, beside what its source
 * says: from planted addresses, whose beginning is known exactly and whose end within one step of the reader.
 */
import { compare, grouped } from './cells.ts';
import type { LifeRow, TrialRow } from './rows.ts';
import type { Expiry } from './schema.ts';

/** From one answer with the address to the next without it, a life of the documented length may seem this much longer. */
const CLOCK_SECONDS = 1;

/**
 * Of every completed trial, judged or not: what a tracker answers a stranger does not depend on whether the client's own
 * story can be told, and its instants are the reader's.
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

function expiryOf({ software, version, documentedSeconds, source }: LifeRow, lives: readonly LifeRow[]): Expiry {
  const ended = lives.filter(({ atMostSeconds }) => atMostSeconds !== null);
  const least = Math.min(...(ended.length > 0 ? ended : lives).map(({ atLeastSeconds }) => atLeastSeconds));
  const most = ended.length === 0 ? null : Math.max(...ended.map(({ atMostSeconds }) => atMostSeconds ?? 0));
  return {
    ...{ software, version, documentedSeconds, source },
    observations: lives.length,
    censored: lives.length - ended.length,
    atLeastSeconds: least,
    atMostSeconds: most,
    agrees: agreement(documentedSeconds, lives),
  };
}

/** Every life must allow the figure: none ended before it, none was seen after it. */
function agreement(documented: number | null, lives: readonly LifeRow[]): boolean | null {
  if (documented === null) return lives.every(({ atMostSeconds }) => atMostSeconds === null);
  const early = lives.some(({ atMostSeconds }) => atMostSeconds !== null && atMostSeconds < documented - CLOCK_SECONDS);
  const late = lives.some(({ atLeastSeconds }) => atLeastSeconds > documented + CLOCK_SECONDS);
  if (early || late) return false;
  return lives.some(({ atMostSeconds }) => atMostSeconds === null) ? null : true;
}
