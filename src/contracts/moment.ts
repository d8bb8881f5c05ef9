/** Moment at which a fault is injected: types only. */

/** Moment at which the fault is injected: after steady state, or at the n-th event of a kind that comes after it. */
export type Moment =
  | { readonly kind: 'delay'; readonly seconds: number }
  | { readonly kind: 'uniform'; readonly fromSeconds: number; readonly toSeconds: number }
  | { readonly kind: 'event'; readonly event: MomentEvent; readonly nth: number; readonly timeoutSeconds: number };

export type MomentEvent =
  'announce' | 'get_peers' | 'announce_peer' | 'handshake' | 'piece' | 'pex' | 'dns' | 'wireguard-handshake';
