/** What every member of the swarm is given: the clock, the torrent, and where sightings go. */
import type { Clock } from '../../contracts/clock.ts';
import type { InstrumentEvent } from '../../records/timeline.ts';
import type { Payload } from '../torrent-payload.ts';
import type { CanaryLine } from './swarm-config.ts';

export interface SwarmContext {
  readonly clock: Clock;
  readonly payload: Payload;
  readonly report: (sighting: InstrumentEvent | CanaryLine) => void;
  /** A tracker or a DHT node was told of a peer of the torrent. */
  readonly onPeerLearnt: (address: string, port: number) => void;
  /** Something a member could not do, for standard error. */
  readonly warn: (member: string, error: Error) => void;
}

/** A member at work: it listens. */
export interface SwarmMember {
  stop(): void;
  /** Names no marked member to anybody from now on. */
  forgetMarked?(): void;
}
