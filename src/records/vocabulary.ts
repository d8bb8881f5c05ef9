/**
 * The words of a campaign's records, which are closed unions and have a version. Their schemas are their parsers at the
 * border: everything the analysis knows comes through them (and through the captures). Instants are whole nanoseconds of
 * CLOCK_REALTIME since the trial's `originUnixNs`; durations carry their unit in the name. Missing is `null`, never zero.
 * `results/FORMAT.md` describes every field for people.
 */

/** Version of every record in a results folder. A newer one is refused, an older one upgraded in `src/analysis/campaign/upgrade.ts`. */
export const RECORDS_VERSION = 2;

export const HOST_NAMES = ['client', 'router', 'neighbour', 'vpn', 'swarm', 'resolver'] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** Classes of a clear packet, by what the bytes say first and by known addresses and ports second. */
export const CLEAR_CLASSES = [
  'peer-tcp',
  'peer-utp',
  'dht',
  'tracker-http',
  'tracker-udp',
  'lsd',
  'ssdp',
  'nat-pmp',
  'dns',
  'stun',
  'icmp',
  'other',
] as const;
/**
 * Link housekeeping: counted, by name, and never a leak. `tunnel-icmp`: the kernel's ICMP error to the tunnel's own
 * endpoint ("port unreachable" once the tunnel's socket is gone). It tells the VPN server what it already knew, and
 * nobody else anything.
 */
export const HOUSEKEEPING_CLASSES = ['arp', 'ndp', 'dhcp', 'igmp', 'mld', 'tunnel-icmp'] as const;
export type ClearClass = (typeof CLEAR_CLASSES)[number];
export type HousekeepingClass = (typeof HOUSEKEEPING_CLASSES)[number];

/** `non-ip`: a frame that is neither IP nor ARP (LLDP, EAPOL, ...) is a clear packet too. */
export const FAMILIES = ['v4', 'v6', 'non-ip'] as const;
export type Family = (typeof FAMILIES)[number];

/**
 * Kind of source address that a clear packet bears: the client's own on the LAN (`real`), its inner address in the
 * tunnel on the wrong link (`tunnel`; the home NAT turns it into the real one), or anything else (`other`).
 */
export const SOURCE_KINDS = ['real', 'tunnel', 'other'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/**
 * baseline: client start to fault. gap: fault to containment (the last clear packet of the outage). contained:
 * containment to restoration. recovery: restoration to the end.
 */
export const PHASES = ['baseline', 'gap', 'contained', 'recovery'] as const;
export type Phase = (typeof PHASES)[number];

export const PARTIES = ['tracker', 'dht', 'peer', 'neighbour', 'resolver'] as const;
export type Party = (typeof PARTIES)[number];

export const VERDICTS = ['leak', 'no-leak', 'inconclusive', 'unsupported'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const KILL_SWITCH_FAMILIES = ['none', 'client', 'app', 'firewall', 'route', 'namespace', 'combined'] as const;
