/** The classes as small integers, so that a frame is judged and tallied without a string. */
import {
  CLEAR_CLASSES,
  type ClearClass,
  FAMILIES,
  HOUSEKEEPING_CLASSES,
  SOURCE_KINDS,
} from '../../records/vocabulary.ts';

const codeOf = (name: ClearClass): number => CLEAR_CLASSES.indexOf(name);

export const CLASS = {
  peerTcp: codeOf('peer-tcp'),
  peerUtp: codeOf('peer-utp'),
  dht: codeOf('dht'),
  trackerHttp: codeOf('tracker-http'),
  trackerUdp: codeOf('tracker-udp'),
  lsd: codeOf('lsd'),
  ssdp: codeOf('ssdp'),
  natPmp: codeOf('nat-pmp'),
  dns: codeOf('dns'),
  stun: codeOf('stun'),
  icmp: codeOf('icmp'),
  other: codeOf('other'),
} as const;
/** Code of no class: the bytes do not say. */
export const UNDECIDED = -1;

export const HOUSEKEEPING = {
  arp: HOUSEKEEPING_CLASSES.indexOf('arp'),
  ndp: HOUSEKEEPING_CLASSES.indexOf('ndp'),
  dhcp: HOUSEKEEPING_CLASSES.indexOf('dhcp'),
  igmp: HOUSEKEEPING_CLASSES.indexOf('igmp'),
  mld: HOUSEKEEPING_CLASSES.indexOf('mld'),
  tunnelIcmp: HOUSEKEEPING_CLASSES.indexOf('tunnel-icmp'),
} as const;

export const SOURCE = {
  real: SOURCE_KINDS.indexOf('real'),
  tunnel: SOURCE_KINDS.indexOf('tunnel'),
  other: SOURCE_KINDS.indexOf('other'),
} as const;

export const FAMILY = {
  v4: FAMILIES.indexOf('v4'),
  v6: FAMILIES.indexOf('v6'),
  nonIp: FAMILIES.indexOf('non-ip'),
} as const;

/** Kinds of frame. */
export const KIND = { notLeaving: 0, tunnel: 1, housekeeping: 2, canary: 3, clear: 4 } as const;
