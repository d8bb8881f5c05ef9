/**
 * Canaries: traffic the lab itself sends to prove that an instrument sees. Each carries the marker and a nonce in
 * clear text, in a field the protocol leaves free, so that a capture, a log line and an event can all be told from
 * real traffic by the same ten bytes.
 *
 * What a canary does not prove: that the instrument sees every later packet too (drops are counted elsewhere).
 */
import { createHash, randomBytes } from 'node:crypto';
import { CANARY_MARKER } from '../records/canary.ts';
import type { InstrumentEvent } from '../records/timeline.ts';

const MARKER_HEX = Buffer.from(CANARY_MARKER, 'latin1').toString('hex');
/** A torrent nobody has: announces and handshakes for it are canaries. */
export const CANARY_INFO_HASH = createHash('sha1').update(CANARY_MARKER, 'latin1').digest('hex');
/** Canary names are `ksl-canary-NONCE.swarm.test`. */
const CANARY_DOMAIN = 'swarm.test';
const NONCE_LENGTH = 10;
const NONCE = new RegExp(`${CANARY_MARKER}-?([0-9a-z]{${NONCE_LENGTH}})`, 'i');

/** Ten lower-case hexadecimal digits, new for every round. */
export function canaryNonce(): string {
  return randomBytes(NONCE_LENGTH / 2).toString('hex');
}

/** The marker and the nonce: the payload of a datagram, and a peer id or node id of 20 bytes. */
export function canaryBytes(nonce: string): Buffer {
  if (!/^[0-9a-z]{10}$/.test(nonce)) {
    throw new RangeError(`Canary nonce «${nonce}» is not 10 lower-case letters or digits; take it from canaryNonce().`);
  }
  return Buffer.from(CANARY_MARKER + nonce, 'latin1');
}

export function canaryName(nonce: string): string {
  return `${CANARY_MARKER.toLowerCase()}-${nonce}.${CANARY_DOMAIN}`;
}

/** The nonce in a frame, a datagram or a text; null when there is no canary in it. */
export function nonceIn(content: Buffer | string): string | null {
  if (typeof content === 'string') return NONCE.exec(content)?.[1]?.toLowerCase() ?? null;
  const at = content.indexOf(CANARY_MARKER, 0, 'latin1');
  return at < 0 ? null : nonceIn(content.toString('latin1', at, at + CANARY_MARKER.length + NONCE_LENGTH));
}

/** The nonce of a canary's event, null for an event of real traffic. Events of canaries are left out of the analysis. */
export function canaryOf(event: InstrumentEvent): string | null {
  switch (event.kind) {
    case 'tracker-announce':
    case 'peer-handshake':
      return idNonce(event.peerId);
    case 'dht-query':
      return idNonce(event.nodeId);
    case 'resolver-query':
      return nonceIn(event.name);
    case 'neighbour-multicast':
      return nonceIn(event.text);
    // Kept back by the swarm itself when a canary caused them: nothing in them could tell.
    case 'tracker-scrape':
    case 'peer-connection':
    case 'peer-extended':
    case 'peer-pex':
    case 'peer-piece':
    case 'peer-closed':
    case 'stun-binding':
      return null;
  }
}

function idNonce(hexId: string): string | null {
  return hexId.startsWith(MARKER_HEX) ? nonceIn(Buffer.from(hexId, 'hex')) : null;
}
