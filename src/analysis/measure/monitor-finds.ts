/**
 * What a copyright monitor would have had on the real address: when it was first told of it and by whom, and when it first
 * met it, with the client's own name. From the fault on: what it had before needed no fault, and is
 * told as such.
 */
import type { Identity } from '../../records/identity.ts';
import type { Measures } from '../../records/measures.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import { canonicalAddress } from '../capture/address.ts';
import { withoutNulls } from './uplink.ts';

/** The monitor's id among the parties of the swarm. */
const MONITOR = 'monitor';

type View = NonNullable<Measures['monitor']>;

/** The monitor's view; undefined where the trial had no monitor. */
export function findMonitorView(
  timeline: readonly TimelineEvent[],
  identity: Identity,
  faultNs: number,
): View | undefined {
  const real = new Set(withoutNulls([identity.wan4, identity.lan6]).map(canonicalAddress));
  const isReal = (address: string): boolean => real.has(canonicalAddress(address));
  let watched = false;
  let beforeFault = 0;
  const named: View['named'][] = [];
  const met: NonNullable<View['met']>[] = [];
  for (const event of timeline) {
    if (event.kind === 'monitor-named') {
      watched = true;
      if (!isReal(event.address)) continue;
      const { atNs, address, port, via } = event;
      if (atNs < faultNs) beforeFault += 1;
      else named.push({ atNs, address, port, via });
    } else if ((event.kind === 'peer-handshake' || event.kind === 'peer-extended') && event.party === MONITOR) {
      watched = true;
      if (!isReal(event.sourceAddress)) continue;
      const { atNs, sourceAddress: address, sourcePort: port } = event;
      if (atNs < faultNs) {
        beforeFault += 1;
        continue;
      }
      const handshake = event.kind === 'peer-handshake';
      met.push({
        atNs,
        address,
        port,
        client: handshake ? null : event.client,
        infoHash: handshake ? event.infoHash : null,
        peerId: handshake ? event.peerId : null,
      });
    }
  }
  if (!watched) return undefined;
  const [first] = met;
  // One row: what the connection's handshakes said, however many messages they took.
  const row =
    first === undefined
      ? null
      : met
          .filter(({ address, port }) => address === first.address && port === first.port)
          .reduce((all, next) => ({
            ...all,
            client: all.client ?? next.client,
            infoHash: all.infoHash ?? next.infoHash,
            peerId: all.peerId ?? next.peerId,
          }));
  return { named: named[0] ?? null, met: row, rows: named.length + met.length, beforeFault };
}
