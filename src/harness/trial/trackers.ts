/**
 * How a scenario names the trackers of its torrent, and the announce address of each. The lab's own tracker is reached by
 * name through the lab's resolver: by names with one address or both families, and by names with several addresses, of
 * which one refuses, one is nobody's and one answers.
 */
import type { TrackerKind } from '../../records/conditions.ts';
import { opentracker } from '../../probes/infrastructure/opentracker.ts';
import { TRACKER_NAMES, TRACKER_PORT } from '../../probes/swarm/swarm-config.ts';

const lab = (protocol: string, name: keyof typeof TRACKER_NAMES): string =>
  `${protocol}://${TRACKER_NAMES[name]}:${TRACKER_PORT}/announce`;
const real = (protocol: string): string => `${protocol}://${opentracker.address}:${opentracker.port}/announce`;

const URLS: Readonly<Record<TrackerKind, string>> = {
  http: lab('http', 'both'),
  udp: lab('udp', 'both'),
  'http-v4': lab('http', 'v4'),
  'udp-v4': lab('udp', 'v4'),
  'http-v6': lab('http', 'v6'),
  'udp-v6': lab('udp', 'v6'),
  'http-many': lab('http', 'many'),
  'udp-many': lab('udp', 'many'),
  'http-many-v4': lab('http', 'many4'),
  'udp-many-v4': lab('udp', 'many4'),
  'http-many-v6': lab('http', 'many6'),
  'udp-many-v6': lab('udp', 'many6'),
  ws: lab('ws', 'both'),
  'opentracker-http': real('http'),
  'opentracker-udp': real('udp'),
};

/** The tiers of a torrent's announce list (BEP 12): a kind alone is a tier of its own. */
export function announceList(trackers: readonly (TrackerKind | readonly TrackerKind[])[]): string[][] {
  return trackers.map((tier) => [tier].flat().map((kind) => URLS[kind]));
}

/** Whether a name with several addresses is among them. */
export function namesDeafTrackers(trackers: readonly (TrackerKind | readonly TrackerKind[])[]): boolean {
  return trackers.flat().some((kind) => kind.includes('-many'));
}

/** The infrastructure that serves the tracker; null for the instrumented one, which always runs. */
export function servedBy(kind: TrackerKind): string | null {
  return kind === 'opentracker-http' || kind === 'opentracker-udp' ? opentracker.id : null;
}
