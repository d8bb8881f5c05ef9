/**
 * The leaks the self-test plants: one frame of every class, in every family, from every kind of source address, as a
 * client or its kernel would send it. They go to addresses nobody has, so that nothing answers them.
 *
 * The bytes are written down here and not taken from the classifier or from a client: what recognises them must not be
 * what made them.
 */
import { ethernetFrame, ipFrame, tcpFrame, udpFrame } from '../probes/ethernet-frame.ts';
import { ADDRESS, NOBODY, STRANGER, type AddressPair } from '../contracts/addresses.ts';
import { ETHERTYPE, PROTOCOL } from '../records/protocols.ts';
import { CLEAR_CLASSES, type ClearClass, type Family, type SourceKind } from '../records/vocabulary.ts';

export interface Leak {
  readonly class: ClearClass;
  readonly family: Family;
  readonly source: SourceKind;
  readonly frame: Uint8Array;
}

type Version = 'v4' | 'v6';

const SOURCES: Readonly<Record<SourceKind, AddressPair>> = {
  real: ADDRESS.client,
  tunnel: ADDRESS.tunnelClient,
  other: STRANGER,
};
const LSD_GROUP: AddressPair = { v4: '239.192.152.143', v6: 'ff15::efc0:988f' };
const SSDP_GROUP: AddressPair = { v4: '239.255.255.250', v6: 'ff02::c' };
const GATEWAY: AddressPair = { v4: ADDRESS.lan.v4, v6: 'fe80::1' };
/** Link Layer Discovery Protocol: neither IP nor ARP. */
const LLDP = { type: ETHERTYPE.lldp, mac: '01:80:c2:00:00:0e' };

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const text = (words: string): Buffer => Buffer.from(words, 'latin1');
const HASH = 'h'.repeat(20);

type What =
  | { readonly transport: 'udp' | 'tcp'; readonly to: AddressPair; readonly port: number; readonly payload: Uint8Array }
  | { readonly transport: 'icmp' };

/** Packets sent for each class. BEP 3, 29, 5, 15, 14; UPnP; RFC 6886, 1035, 8489. */
const LEAKS: Readonly<Record<ClearClass, What>> = {
  'peer-tcp': {
    transport: 'tcp',
    to: NOBODY,
    port: 6000,
    payload: text(`\x13BitTorrent protocol${'\0'.repeat(8)}${HASH}-TR3000-abcdefghijkl`),
  },
  'peer-utp': {
    transport: 'udp',
    to: NOBODY,
    port: 6000,
    payload: hex('4100 0009 00000001 00000000 00100000 0001 0000'),
  },
  dht: { transport: 'udp', to: NOBODY, port: 6001, payload: text(`d1:ad2:id20:${HASH}e1:q4:ping1:t2:aa1:y1:qe`) },
  'tracker-http': {
    transport: 'tcp',
    to: NOBODY,
    port: 80,
    payload: text(`GET /announce?info_hash=${'%20'.repeat(20)}&port=51413 HTTP/1.1\r\nHost: t\r\n\r\n`),
  },
  'tracker-udp': { transport: 'udp', to: NOBODY, port: 6002, payload: hex('00000417 27101980 00000000 0000004d') },
  lsd: {
    transport: 'udp',
    to: LSD_GROUP,
    port: 6771,
    payload: text('BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 51413\r\nInfohash: 00\r\n\r\n\r\n'),
  },
  ssdp: {
    transport: 'udp',
    to: SSDP_GROUP,
    port: 1900,
    payload: text('M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: upnp:rootdevice\r\n\r\n'),
  },
  'nat-pmp': { transport: 'udp', to: GATEWAY, port: 5351, payload: hex('0000') },
  dns: {
    transport: 'udp',
    to: NOBODY,
    port: 53,
    payload: hex('2101 0100 0001 0000 0000 0000 046e616d65 00 0001 0001'),
  },
  stun: { transport: 'udp', to: NOBODY, port: 3478, payload: hex('0001 0000 2112a442 000000000000000000000000') },
  icmp: { transport: 'icmp' },
  other: { transport: 'udp', to: NOBODY, port: 6003, payload: text('????????????????????????') },
};

/**
 * Packets of all leaks, each a flow of its own (its source port says which), for a client and a router of these
 * addresses.
 */
export function leaks(clientMac: string, routerMac: string): Leak[] {
  let port = 40_000;
  const planted = CLEAR_CLASSES.flatMap((name) =>
    (['v4', 'v6'] as const).flatMap((family) =>
      (['real', 'tunnel', 'other'] as const).map((source) => {
        port += 1;
        const frame = build(LEAKS[name], family, SOURCES[source][family], port, clientMac, routerMac);
        return { class: name, family, source, frame };
      }),
    ),
  );
  const lldp = ethernetFrame(clientMac, LLDP.mac, LLDP.type, hex('0204 0601 0403 0602 0078 0000'.replaceAll(' ', '')));
  return [...planted, { class: 'other', family: 'non-ip', source: 'other', frame: lldp }];
}

function build(
  what: What,
  family: Version,
  source: string,
  port: number,
  sourceMac: string,
  routerMac: string,
): Uint8Array {
  if (what.transport === 'icmp') {
    const destination = NOBODY[family];
    const echo = hex(family === 'v4' ? '0800 0000 0001 0001' : '8000 0000 0001 0001');
    const protocol = family === 'v4' ? PROTOCOL.icmp : PROTOCOL.icmp6;
    return ipFrame({ sourceMac, destinationMac: routerMac, source, destination, protocol, payload: echo });
  }
  const destination = what.to[family];
  const destinationMac = multicastMac(destination) ?? routerMac;
  const frameOf = what.transport === 'udp' ? udpFrame : tcpFrame;
  return frameOf({
    sourceMac,
    destinationMac,
    source: { address: source, port },
    destination: { address: destination, port: what.port },
    payload: what.payload,
  });
}

/** RFC 1112 section 6.4 and RFC 2464 section 7; null for an address of one host. */
function multicastMac(address: string): string | null {
  if (address === LSD_GROUP.v4) return '01:00:5e:40:98:8f';
  if (address === SSDP_GROUP.v4) return '01:00:5e:7f:ff:fa';
  if (address === LSD_GROUP.v6) return '33:33:ef:c0:98:8f';
  return address === SSDP_GROUP.v6 ? '33:33:00:00:00:0c' : null;
}
