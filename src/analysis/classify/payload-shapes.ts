/**
 * Names a protocol by the first bytes of its payload. Only what the bytes prove: encrypted peers (MSE), a bare SYN or the
 * rest of a stream prove nothing and are left to the flow and to known addresses.
 */
import { CANARY_MARKER } from '../../records/canary.ts';
import { CLASS, UNDECIDED } from './classes.ts';

/** Magic connection id of a UDP tracker's connect request (BEP 15). */
const TRACKER_CONNECT_HIGH = 0x417;
const TRACKER_CONNECT_LOW = 0x27101980;
/**
 * BEP 15: a connection id, action and transaction id come first; an announce request has 98 bytes or more, 20-byte info-hash
 * at 16, peer id at 36, what was downloaded, is left and was uploaded at 56, event at 80; a scrape has info-hashes at 16.
 */
const TRACKER_ANNOUNCE_BYTES = 98;
const TRACKER_REQUEST_BYTES = 16;
const INFO_HASH_BYTES = 20;
const TRACKER_ACTION = { announce: 1, scrape: 2 } as const;
const LAST_EVENT = 3;
/** BEP 20: a client's own letters, or a dash before them. */
const PEER_ID_BEGINNING = /[0-9A-Za-z-]/;
/** A torrent of 2^52 bytes or more there is not: the upper half of a count of bytes is less than this. */
const MOST_BYTES_HIGH = 1 << 20;
const STUN_COOKIE = 0x2112a442;
/** BEP 29: the header has 20 bytes; types 0 (DATA) to 4 (SYN), version 1. */
const UTP_HEADER_BYTES = 20;
const UTP_MAX_TYPE = 4;
/** Extensions in use: none (0), selective ack (1), extension bits (2), libtorrent's close reason (3). */
const UTP_MAX_EXTENSION = 3;
/** Types of packet that bear no payload, and that bear some. */
const UTP = { data: 0, state: 2, reset: 3, syn: 4 } as const;
/** Bytes of each extension: a selective ack has a multiple of 4, the bits 8, the reason 4. */
const UTP_BITS_BYTES = 8;
const UTP_REASON_BYTES = 4;

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
  if (isTrackerRequest(view, at, captured, wireBytes)) return CLASS.trackerUdp;
  return UNDECIDED;
}

/**
 * Whether a uTP header comes first. Twenty bytes with little redundancy: to be asked only where nothing surer is known.
 */
export function looksLikeUtp(view: DataView, at: number, end: number, wireBytes: number): boolean {
  const captured = end - at;
  if (captured < 4 || wireBytes < UTP_HEADER_BYTES) return false;
  const first = view.getUint8(at);
  const type = first >> 4;
  if ((first & 0x0f) !== 1 || type > UTP_MAX_TYPE) return false;
  // WireGuard's handshake initiation begins 1, 0, 0, 0 (padded or not), which would be uTP data of connection 0.
  if (view.getUint32(at) === 0x01000000) return false;
  // RADIUS (RFC 2865) begins with code 1 and has its own length where uTP has the connection's id.
  if (view.getUint16(at + 2) === wireBytes) return false;
  const headerBytes = utpHeaderBytes(view, at, end, wireBytes);
  if (headerBytes === null) return false;
  if (type === UTP.data) return wireBytes > headerBytes;
  if (type === UTP.state || type === UTP.reset) return wireBytes === headerBytes;
  // Nothing has come before a SYN: it has no delay to tell and nothing to acknowledge.
  if (type !== UTP.syn || captured < UTP_HEADER_BYTES) return true;
  return wireBytes === headerBytes && view.getUint32(at + 8) === 0 && view.getUint16(at + 18) === 0;
}

/**
 * Bytes of the header with its extensions, each the number of the next one, its own length, and that many bytes; null when
 * they are none of uTP's. Where the capture was cut, as many as it shows, and all that follows for the rest.
 */
function utpHeaderBytes(view: DataView, at: number, end: number, wireBytes: number): number | null {
  let length = UTP_HEADER_BYTES;
  let extension = view.getUint8(at + 1);
  while (extension !== 0) {
    if (extension > UTP_MAX_EXTENSION || length + 2 > wireBytes) return null;
    if (at + length + 2 > end) return wireBytes;
    const bytes = view.getUint8(at + length + 1);
    if (!isExtensionOf(extension, bytes) || length + 2 + bytes > wireBytes) return null;
    extension = view.getUint8(at + length);
    length += 2 + bytes;
  }
  return length;
}

function isExtensionOf(extension: number, bytes: number): boolean {
  if (extension === 1) return bytes > 0 && bytes % 4 === 0;
  return bytes === (extension === 2 ? UTP_BITS_BYTES : UTP_REASON_BYTES);
}

/** The class a TCP payload proves, or UNDECIDED. */
export function tcpPayloadClass(view: DataView, at: number, end: number): number {
  if (startsWith(view, at, end, PEER_HANDSHAKE)) return CLASS.peerTcp;
  if (startsWith(view, at, end, HTTP_GET) && isTrackerUrl(view, at, end)) return CLASS.trackerHttp;
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
 * An announce or scrape whose connect went another way (through the tunnel, before it fell) or was not captured. An announce
 * shows itself by its event, its counts of bytes and a peer id that begins like text; a scrape by its length.
 */
function isTrackerRequest(view: DataView, at: number, captured: number, wireBytes: number): boolean {
  if (captured < TRACKER_REQUEST_BYTES + 4 || view.getUint32(at) === 0) return false;
  const action = view.getUint32(at + 8);
  if (action === TRACKER_ACTION.scrape) {
    const hashBytes = wireBytes - TRACKER_REQUEST_BYTES;
    return hashBytes > 0 && hashBytes % INFO_HASH_BYTES === 0 && view.getUint32(at + TRACKER_REQUEST_BYTES) !== 0;
  }
  if (action !== TRACKER_ACTION.announce || wireBytes < TRACKER_ANNOUNCE_BYTES || captured < 84) return false;
  const counts = [56, 64, 72].every((field) => view.getUint32(at + field) < MOST_BYTES_HIGH);
  return (
    counts &&
    view.getUint32(at + 80) <= LAST_EVENT &&
    PEER_ID_BEGINNING.test(String.fromCharCode(view.getUint8(at + 36)))
  );
}

function isTrackerUrl(view: DataView, at: number, end: number): boolean {
  const limit = Math.min(end, at + HTTP_LINE_BYTES);
  for (let i = at + 4; i < limit && view.getUint8(i) !== 0x0a; i++) {
    if (TRACKER_QUERY_MARKS.some((mark) => startsWith(view, i, limit, mark))) return true;
  }
  return false;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
