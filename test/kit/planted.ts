/** One frame of every class, as a client, its kernel or the lab would send it, in both families. */
import { type Link, bytes, ethernet, frame, hex, icmpFrame, ndpFrame, tcpFrame, u16, u32, udpFrame } from './frames.ts';

export const REAL = { v4: '192.168.1.2', v6: '2001:db8:1::2' } as const;
export const INNER = { v4: '10.8.0.2', v6: '2001:db8:8::2' } as const;
/** Neither the client's own nor one of the tunnel's. */
export const STRANGE = { v4: '192.168.77.7', v6: '2001:db8:77::7' } as const;
export const ENDPOINT = { v4: '198.51.100.10', v6: '2001:db8:3::10' } as const;
export const ENDPOINT_PORT = 51820;

export const TRACKER = { v4: '198.18.0.10', v6: '2001:db8:f::10' } as const;
export const NODE = { v4: '198.18.20.1', v6: '2001:db8:f:14::1' } as const;
export const PEER = { v4: '198.18.100.1', v6: '2001:db8:f:64::1' } as const;
/** Addresses known to nobody. */
export const STRANGER = { v4: '198.19.1.1', v6: '2001:db8:e::1' } as const;

export type Version = 'v4' | 'v6';
type Build = (source: string, version: Version, link?: Link) => Uint8Array;

const HASH = 'h'.repeat(20);
export const PING = bytes(`d1:ad2:id20:${HASH}e1:q4:ping1:t2:aa1:y1:qe`);
const REPLY = bytes(`d2:ip6:${HASH.slice(0, 6)}1:rd2:id20:${HASH}e1:t2:aa1:y1:re`);
export const UTP_SYN = bytes(0x41, 0, u16(9), u32(1), u32(0), u32(0x100000), u16(1), u16(0));
/** Packet with which libtorrent closes a connection, the reason in extension 3. */
export const UTP_FIN = bytes(0x11, 3, u16(9), u32(1), u32(1), u32(0), u16(2), u16(1), 0, 4, u32(1));
export const TRACKER_CONNECT = bytes(hex('00000417 27101980'), u32(0), u32(77));
export const TRACKER_ANNOUNCE = bytes(
  hex('0123456789abcdef'),
  u32(1),
  u32(77),
  HASH,
  '-TR3000-abcdefghijkl',
  new Uint8Array(24),
  u32(2),
  new Uint8Array(14),
);
/** An announce of a client whose id has no dash before it, and a scrape of two torrents. */
const ANNOUNCE_M7 = bytes(TRACKER_ANNOUNCE.subarray(0, 36), 'M7-10-2-abcdefghijkl', TRACKER_ANNOUNCE.subarray(56));
export const TRACKER_SCRAPE = bytes(hex('0123456789abcdef'), u32(2), u32(77), HASH, HASH);
export const HANDSHAKE = bytes(0x13, 'BitTorrent protocol', new Uint8Array(8), HASH, '-TR3000-abcdefghijkl');
export const HTTP_ANNOUNCE = bytes(
  `GET /announce?info_hash=${'%20'.repeat(20)}&port=51413 HTTP/1.1\r\nHost: t\r\n\r\n`,
);
export const STUN_BINDING = bytes(u16(1), u16(0), u32(0x2112a442), new Uint8Array(12));
const LSD = bytes('BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 51413\r\nInfohash: 00\r\n\r\n\r\n');
const SSDP = bytes('M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: upnp:rootdevice\r\n\r\n');

/** BOOTP's fixed part, and behind it DHCP's magic cookie. */
const DHCP_DISCOVER = bytes(1, 1, 6, 0, new Uint8Array(232), u32(0x63825363), 255);

/** Source port of the next kind of frame: each kind is a flow of its own. */
let nextPort = 40_000;

function udpTo(to: Record<Version, string>, port: number, payload: Uint8Array): Build {
  const from = nextPort++;
  return (source, version, link) => udpFrame(source, to[version], [from, port], payload, link);
}

function tcpTo(to: Record<Version, string>, port: number, payload: Uint8Array): Build {
  const from = nextPort++;
  return (source, version, link) => tcpFrame(source, to[version], [from, port], payload, link);
}

/** Frames that prove their class by their bytes or their well-known port, whoever they go to. */
export const CLEAR: readonly { readonly class: string; readonly what: string; readonly build: Build }[] = [
  { class: 'peer-tcp', what: 'handshake', build: tcpTo(STRANGER, 6000, HANDSHAKE) },
  { class: 'peer-utp', what: 'SYN', build: udpTo(STRANGER, 6000, UTP_SYN) },
  { class: 'peer-utp', what: 'FIN with its reason', build: udpTo(STRANGER, 6000, UTP_FIN) },
  { class: 'dht', what: 'ping', build: udpTo(STRANGER, 6000, PING) },
  { class: 'dht', what: 'reply with ip', build: udpTo(STRANGER, 6000, REPLY) },
  { class: 'tracker-http', what: 'announce', build: tcpTo(STRANGER, 80, HTTP_ANNOUNCE) },
  {
    class: 'tracker-http',
    what: 'scrape',
    build: tcpTo(STRANGER, 80, bytes('GET /x/scrape?info_hash=a HTTP/1.0\r\n\r\n')),
  },
  { class: 'tracker-udp', what: 'connect', build: udpTo(STRANGER, 6000, TRACKER_CONNECT) },
  { class: 'tracker-udp', what: 'announce', build: udpTo(STRANGER, 6000, TRACKER_ANNOUNCE) },
  { class: 'tracker-udp', what: 'announce of a client without a dash', build: udpTo(STRANGER, 6000, ANNOUNCE_M7) },
  { class: 'tracker-udp', what: 'scrape', build: udpTo(STRANGER, 6000, TRACKER_SCRAPE) },
  { class: 'lsd', what: 'search', build: udpTo({ v4: '239.192.152.143', v6: 'ff15::efc0:988f' }, 6771, LSD) },
  { class: 'ssdp', what: 'search', build: udpTo({ v4: '239.255.255.250', v6: 'ff02::c' }, 1900, SSDP) },
  { class: 'nat-pmp', what: 'request', build: udpTo({ v4: '192.168.1.1', v6: 'fe80::1' }, 5351, bytes(0, 1, u16(0))) },
  { class: 'dns', what: 'query over UDP', build: udpTo(STRANGER, 53, bytes(u16(0x2101), u16(0x0100), 'x'.repeat(20))) },
  { class: 'dns', what: 'query over TCP', build: tcpTo(STRANGER, 53, bytes(u16(12), 'x'.repeat(12))) },
  { class: 'stun', what: 'binding', build: udpTo(STRANGER, 3478, STUN_BINDING) },
  {
    class: 'icmp',
    what: 'echo',
    build: (source, version, link) => icmpFrame(source, STRANGER[version], version === 'v4' ? 8 : 128, link),
  },
  {
    class: 'icmp',
    what: 'error to a stranger',
    build: (source, version, link) => icmpFrame(source, STRANGER[version], version === 'v4' ? 3 : 1, link),
  },
  { class: 'other', what: 'SYN to a stranger', build: tcpTo(STRANGER, 443, bytes()) },
  { class: 'other', what: 'UDP of no known kind', build: udpTo(STRANGER, 6000, bytes('????????????????????????')) },
  {
    class: 'other',
    what: 'GRE',
    build: (from, version, link) =>
      frame({ protocol: 47, from, to: STRANGER[version], payload: new Uint8Array(20) }, link),
  },
  { class: 'other', what: 'UDP to another port of the endpoint', build: udpTo(ENDPOINT, 4500, new Uint8Array(60)) },
  {
    class: 'other',
    what: 'WireGuard to another server',
    build: udpTo(STRANGER, ENDPOINT_PORT, bytes(1, 0, 0, 0, new Uint8Array(144))),
  },
  { class: 'other', what: 'TCP to the endpoint', build: tcpTo(ENDPOINT, ENDPOINT_PORT, bytes('x')) },
];

/** Frames of the link itself, by family; ARP has none. */
export const HOUSEKEEPING: readonly { readonly class: string; readonly what: string; readonly bytes: Uint8Array }[] = [
  { class: 'arp', what: 'request', bytes: arp(REAL.v4) },
  { class: 'ndp', what: 'router solicitation', bytes: ndpFrame('fe80::2', 'ff02::2', 133) },
  { class: 'ndp', what: 'neighbour solicitation from nowhere', bytes: ndpFrame('::', 'ff02::1:ff00:2', 135) },
  { class: 'ndp', what: 'redirect', bytes: ndpFrame('fe80::2', 'ff02::1', 137) },
  { class: 'dhcp', what: 'discover', bytes: udpFrame('0.0.0.0', '255.255.255.255', [68, 67], DHCP_DISCOVER) },
  {
    class: 'dhcp',
    what: 'DHCPv6 solicit',
    bytes: udpFrame('fe80::2', 'ff02::1:2', [546, 547], bytes(1, new Uint8Array(39))),
  },
  {
    class: 'igmp',
    what: 'report',
    bytes: frame({
      protocol: 2,
      from: REAL.v4,
      to: '224.0.0.22',
      payload: bytes(0x22, 0, u16(0), u32(1)),
      options: hex('94040000'),
      hops: 1,
    }),
  },
  {
    class: 'mld',
    what: 'report behind a router alert',
    bytes: frame({
      protocol: 58,
      from: 'fe80::2',
      to: 'ff02::16',
      payload: bytes(143, 0, u16(0), u32(1)),
      extensions: [{ number: 0, body: hex('00050200000100') }],
      hops: 1,
    }),
  },
  { class: 'mld', what: 'done', bytes: icmpFrame('fe80::2', 'ff02::2', 132, {}, 1) },
  { class: 'tunnel-icmp', what: 'port unreachable', bytes: icmpFrame(REAL.v4, ENDPOINT.v4, 3) },
];

export function arp(sender: string, link: Link = {}): Uint8Array {
  const address = Buffer.from(sender.split('.').map(Number));
  return ethernet(
    0x0806,
    bytes(u16(1), u16(0x0800), 6, 4, u16(1), new Uint8Array(6), address, new Uint8Array(10)),
    link,
  );
}

export function tunnelFrame(source: string, version: Version = 'v4', link: Link = {}): Uint8Array {
  return udpFrame(source, ENDPOINT[version], [43210, ENDPOINT_PORT], bytes(4, 0, 0, 0, new Uint8Array(140)), link);
}
