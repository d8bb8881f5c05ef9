/**
 * Names a protocol by the first bytes of its payload. Only what the bytes prove: encrypted peers (MSE), a bare SYN or the
 * rest of a stream prove nothing and are left to the flow and to known addresses.
 */
import { CANARY_MARKER } from '../../records/canary.ts';
import { CLASS, UNDECIDED } from './classes.ts';

/** Magic connection id of a UDP tracker's connect request (BEP 15). */
const TRACKER_CONNECT_HIGH = 0x417;
const TRACKER_CONNECT_LOW = 0x27101980;
/** BEP 15: an announce request has 98 bytes or more, 20-byte info-hash at 16, peer id at 36, event at 80. */
const TRACKER_ANNOUNCE_BYTES = 98;
const STUN_COOKIE = 0x2112a442;
/** BEP 29: the header has 20 bytes; types 0 (DATA) to 4 (SYN), version 1. */
const UTP_HEADER_BYTES = 20;
const UTP_MAX_TYPE = 4;
/** Extensions in use: none (0), selective ack (1), extension bits (2), libtorrent's close reason (3). */
const UTP_MAX_EXTENSION = 3;
const WIREGUARD_INITIATION_BYTES = 148;

const PEER_HANDSHAKE = ascii('\x13BitTorrent protocol');
const LSD_SEARCH = ascii('BT-SEARCH ');
const SSDP_SEARCH = ascii('M-SEARCH * HTTP/1.1');
const SSDP_NOTIFY = ascii('NOTIFY * HTTP/1.1');
/** Keys a KRPC message can begin with: see `isDht`. */
const KRPC_KEYS = ascii('aeqrty');
const KRPC_IP = 0x6970;
const COLON = 0x3a;
const HTTP_GET = ascii('GET ');
/** A request line long enough for any tracker's passkey; beyond it the search ends. */
const HTTP_LINE_BYTES = 1024;
const TRACKER_QUERY_MARKS = [ascii('info_hash='), ascii('/announce?'), ascii('/scrape?')];
export const CANARY = ascii(CANARY_MARKER);

/** The class a UDP payload proves, or UNDECIDED. `wireBytes`: its length on the wire; [at, end) is what was captured. */
export function udpPayloadClass(view: DataView, at: number, end: number, wireBytes: number): number {
  const captured = end - at;
  if (captured < 8) return UNDECIDED;
  const first = view.getUint8(at);
  const high = view.getUint32(at);
  const low = view.getUint32(at + 4);
  if (high === TRACKER_CONNECT_HIGH && low === TRACKER_CONNECT_LOW && wireBytes >= 16) return CLASS.trackerUdp;
  if (low === STUN_COOKIE && first < 4 && wireBytes >= 20 && view.getUint16(at + 2) === wireBytes - 20)
    return CLASS.stun;
  if (first === 0x64 && isDht(view, at)) return CLASS.dht;
  if (startsWith(view, at, end, LSD_SEARCH)) return CLASS.lsd;
  if (startsWith(view, at, end, SSDP_SEARCH) || startsWith(view, at, end, SSDP_NOTIFY)) return CLASS.ssdp;
  if (wireBytes >= TRACKER_ANNOUNCE_BYTES && captured >= 84 && isTrackerAnnounce(view, at)) return CLASS.trackerUdp;
  return UNDECIDED;
}

/**
 * Whether a uTP header comes first. Twenty bytes with little redundancy: to be asked only where nothing surer is known.
 */
export function looksLikeUtp(view: DataView, at: number, end: number, wireBytes: number): boolean {
  if (end - at < 4 || wireBytes < UTP_HEADER_BYTES) return false;
  const first = view.getUint8(at);
  const extension = view.getUint8(at + 1);
  if ((first & 0x0f) !== 1 || first >> 4 > UTP_MAX_TYPE || extension > UTP_MAX_EXTENSION) return false;
  // WireGuard's handshake initiation begins 1, 0, 0, 0, which would be uTP data of connection 0.
  if (wireBytes === WIREGUARD_INITIATION_BYTES && view.getUint32(at) === 0x01000000) return false;
  if (extension === 0 || end - at < UTP_HEADER_BYTES + 2) return true;
  // An extension is the number of the next one, its own length, and that many bytes.
  const next = view.getUint8(at + UTP_HEADER_BYTES);
  const bytes = view.getUint8(at + UTP_HEADER_BYTES + 1);
  return next <= UTP_MAX_EXTENSION && bytes > 0 && UTP_HEADER_BYTES + 2 + bytes <= wireBytes;
}

/** The class a TCP payload proves, or UNDECIDED. */
export function tcpPayloadClass(view: DataView, at: number, end: number): number {
  if (startsWith(view, at, end, PEER_HANDSHAKE)) return CLASS.peerTcp;
  if (startsWith(view, at, end, HTTP_GET) && isTrackerRequest(view, at, end)) return CLASS.trackerHttp;
  return UNDECIDED;
}

export function startsWith(view: DataView, at: number, end: number, bytes: Uint8Array): boolean {
  if (end - at < bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) {
    if (view.getUint8(at + i) !== bytes[i]) return false;
  }
  return true;
}

/**
 * A bencoded dictionary whose first key is one a KRPC message (BEP 5) can begin with: keys are sorted, so `a`, `e`, `ip`
 * (BEP 42), `q`, `r`, `t` or `y`, and `v` for none of them.
 */
function isDht(view: DataView, at: number): boolean {
  if (view.getUint8(at + 2) !== COLON) return false;
  const keyLength = view.getUint8(at + 1) - 0x30;
  if (keyLength === 1) return KRPC_KEYS.includes(view.getUint8(at + 3));
  return keyLength === 2 && view.getUint16(at + 3) === KRPC_IP;
}

/**
 * An announce whose connect went another way (through the tunnel, before it fell): action 1, an event of 0 to 3, and a
 * peer id of the usual form `-XX`.
 */
function isTrackerAnnounce(view: DataView, at: number): boolean {
  return view.getUint32(at + 8) === 1 && view.getUint32(at + 80) <= 3 && view.getUint8(at + 36) === 0x2d;
}

function isTrackerRequest(view: DataView, at: number, end: number): boolean {
  const limit = Math.min(end, at + HTTP_LINE_BYTES);
  for (let i = at + 4; i < limit && view.getUint8(i) !== 0x0a; i++) {
    if (TRACKER_QUERY_MARKS.some((mark) => startsWith(view, i, limit, mark))) return true;
  }
  return false;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
