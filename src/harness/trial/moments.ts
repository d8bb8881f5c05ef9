/**
 * Moments: when, after steady state, the fault is injected. Parsed at plan time, awaited over the live timeline.
 *
 *   delay 2s               two seconds after steady state
 *   uniform 0s..2s         drawn uniformly (from the trial's seed), so that no polling phase is favoured
 *   event announce 1       at the first tracker announce after steady state (`event KIND N`; KIND one of MOMENT_EVENTS;
 *                          `wireguard-handshake` is then the tunnel's next rekey)
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Clock, InstantNs } from '../../contracts/clock.ts';
import type { Moment, MomentEvent } from '../../contracts/moment.ts';
import { DURATION_HINT, LONGEST_SECONDS, parseSeconds } from '../../contracts/durations.ts';
import { RequestError } from '../../contracts/errors.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import { observe, type Timeline } from './live-timeline.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

/** What each event looks like on the timeline. `wireguard-handshake` comes from the live capture as a note. */
export const WIREGUARD_HANDSHAKE_NOTE = 'wireguard handshake initiation';

const MATCHES: Readonly<Record<MomentEvent, (event: TimelineEvent) => boolean>> = {
  announce: (event) => event.kind === 'tracker-announce',
  get_peers: (event) => event.kind === 'dht-query' && event.query === 'get_peers',
  announce_peer: (event) => event.kind === 'dht-query' && event.query === 'announce_peer',
  handshake: (event) => event.kind === 'peer-handshake',
  piece: (event) => event.kind === 'peer-piece',
  pex: (event) => event.kind === 'peer-pex',
  dns: (event) => event.kind === 'resolver-query',
  'wireguard-handshake': (event) => event.kind === 'note' && event.text === WIREGUARD_HANDSHAKE_NOTE,
};

const MOMENT_EVENTS = Object.keys(MATCHES);

/** An event that does not come within this time makes the trial fail, and says so. */
const EVENT_TIMEOUT_SECONDS = 60;
/**
 * Seconds to wait for a handshake, which after steady state is a rekey: 120 s after the one before (WireGuard's
 * whitepaper, 6.1), and its answer.
 */
const REKEY_TIMEOUT_SECONDS = 150;
/** Handshakes that come in the longest duration there is. */
const MOST_EVENTS = Math.floor(LONGEST_SECONDS / REKEY_TIMEOUT_SECONDS);

const isMomentEvent = (text: string): text is MomentEvent => Object.hasOwn(MATCHES, text);

/** Parses a moment as a scenario writes it. Throws `RequestError` that says what is allowed. */
export function parseMoment(text: string): Moment {
  const [kind = '', what = '', count = '1'] = text.trim().split(/\s+/);
  if (kind === 'delay') {
    const seconds = parseSeconds(what);
    if (seconds !== null) return { kind: 'delay', seconds };
  }
  if (kind === 'uniform') {
    const [from, to] = what.split('..').map(parseSeconds);
    if (typeof from === 'number' && typeof to === 'number' && from <= to) {
      return { kind: 'uniform', fromSeconds: from, toSeconds: to };
    }
  }
  const nth = /^[1-9]\d*$/.test(count) ? Number(count) : 0;
  if (kind === 'event' && isMomentEvent(what) && nth > 0 && nth <= MOST_EVENTS) {
    const timeoutSeconds = what === 'wireguard-handshake' ? nth * REKEY_TIMEOUT_SECONDS : EVENT_TIMEOUT_SECONDS;
    return { kind: 'event', event: what, nth, timeoutSeconds };
  }
  throw new RequestError(
    `«${text}» is not a moment. Allowed: «delay 2s», «uniform 0s..2s», «event KIND N» with KIND one of ` +
      `${MOMENT_EVENTS.join(', ')} and N from 1 to ${MOST_EVENTS}; for durations ${DURATION_HINT}.`,
  );
}

/** Seconds after steady state by which the moment has come, or its trial has failed. */
export function latestSeconds(moment: Moment): number {
  switch (moment.kind) {
    case 'delay':
      return moment.seconds;
    case 'uniform':
      return moment.toSeconds;
    case 'event':
      return moment.timeoutSeconds;
  }
}

/** Whether the moment is something that only the capture on the uplink sees. */
export function isSeenOnUplink(text: string): boolean {
  const moment = parseMoment(text);
  return moment.kind === 'event' && moment.event === 'wireguard-handshake';
}

/** Whether a timeline event is the one a moment counts. */
function matchesMoment(kind: MomentEvent, event: TimelineEvent): boolean {
  return MATCHES[kind](event);
}

/**
 * Waits for the moment of a trial and gives the instant at which it came, from which the injection is measured.
 * Throws when the event does not come.
 */
export async function awaitMoment(
  text: string,
  seed: number,
  timeline: Timeline,
  clock: Clock,
  signal: AbortSignal,
): Promise<InstantNs> {
  const moment = parseMoment(text);
  if (moment.kind === 'event') {
    const event = await timeline.next((each) => matchesMoment(moment.event, each), {
      nth: moment.nth,
      timeoutSeconds: moment.timeoutSeconds,
      signal,
    });
    if (event === null) throw new Error(`the moment «${text}» did not come within ${moment.timeoutSeconds} s`);
    return event.atNs;
  }
  const seconds =
    moment.kind === 'delay'
      ? moment.seconds
      : moment.fromSeconds + (moment.toSeconds - moment.fromSeconds) * uniformFloat64(xoroshiro128plus(seed));
  const due = clock.nowNs() + seconds * NS_PER_SECOND;
  await observe(seconds, signal);
  return Math.round(due);
}
