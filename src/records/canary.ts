/**
 * What tells the lab's canaries from other traffic. Constants only: the code that makes canaries (probes) and the code that
 * recognises them in a capture (analysis) have nothing else in common, since the one is the other's witness.
 */

/** Ten ASCII bytes: half a peer id or node id. */
export const CANARY_MARKER = 'KSL-CANARY';
/** Where a raw canary datagram is sent (discard, RFC 863). */
export const CANARY_PORT = 9;
