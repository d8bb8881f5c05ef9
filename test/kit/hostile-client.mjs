// A client that gets everything wrong: `node hostile-client.mjs INFO-HASH SEED ROUNDS`. Malformed datagrams to every UDP
// member, malformed messages after real and broken handshakes, malformed announces. Reproducible by its seed.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';

const infoHash = Buffer.from(process.argv[2], 'hex');
let state = Number(process.argv[3]);
const rounds = Number(process.argv[4]);

/** Mulberry32: 0 to below `below`. */
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
}
const pick = (list) => list[random(list.length)];
const noise = (length) => Buffer.from(Array.from({ length }, () => (random(3) ? 0 : random(256))));

function bencode(value) {
  if (typeof value === 'number') return `i${value}e`;
  if (typeof value === 'string') return `${value.length}:${value}`;
  if (Array.isArray(value)) return `l${value.map(bencode).join('')}e`;
  const keys = Object.keys(value).sort();
  return `d${keys.map((key) => bencode(key) + bencode(value[key])).join('')}e`;
}
const WRONG = [
  0,
  -1,
  65_536,
  1e15,
  '',
  'x',
  infoHash.toString('latin1'),
  'y'.repeat(20),
  'z'.repeat(300),
  [],
  [1, 'a'],
  {},
];
const dictionary = (keys) => Object.fromEntries(keys.filter(() => random(3)).map((key) => [key, pick(WRONG)]));

/** Some bytes changed, sometimes the end missing. */
function mutate(message) {
  const copy = Buffer.from(message);
  for (let count = random(4); count > 0 && copy.length > 0; count--) copy[random(copy.length)] = random(256);
  return random(5) ? copy : copy.subarray(0, random(copy.length + 1));
}

function dhtMessage() {
  const keys = ['id', 'target', 'info_hash', 'port', 'implied_port', 'token', 'v', 'k', 'sig', 'seq', 'salt', 'cas'];
  const message = {
    t: pick(['aa', pick(WRONG)]),
    y: pick(['q', 'q', 'r', 'e', pick(WRONG)]),
    q: pick(['ping', 'find_node', 'get_peers', 'announce_peer', 'get', 'put', 'vote', pick(WRONG)]),
    a: pick([dictionary(keys), pick(WRONG)]),
    ...(random(3) === 0 && { r: dictionary(['id', 'nodes', 'values', 'token']) }),
  };
  return Buffer.from(bencode(message), 'latin1');
}

function udpTracker() {
  const request = noise(98 + random(40));
  request.set(Buffer.from('0000041727101980', 'hex'));
  request.writeUInt32BE(random(5), 8);
  request.set(infoHash, 16);
  return request;
}

const handshake = () =>
  Buffer.concat([
    Buffer.from('\x13BitTorrent protocol'),
    Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 5]),
    infoHash,
    noise(20),
  ]);

function peerMessage() {
  const id = pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 20, 20, 20, 20, 33]);
  const extended = pick([
    {
      m: { ut_pex: pick([1, pick(WRONG)]), ut_metadata: pick([2, pick(WRONG)]) },
      ...dictionary(['p', 'v', 'ipv4', 'ipv6']),
    },
    dictionary(['added', 'added.f', 'added6', 'dropped']),
    { msg_type: random(4), piece: pick([0, 1, pick(WRONG)]) },
  ]);
  const body =
    id === 20 ? Buffer.concat([Buffer.from([random(4)]), Buffer.from(bencode(extended), 'latin1')]) : noise(random(14));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(random(30) ? body.length + 1 : random(2 ** 32), 0);
  head[4] = id;
  return Buffer.concat([head, body]);
}

/** Says something, and hangs up after `patienceMs` unless the other does. */
async function talk(port, host, bytes, patienceMs = 30) {
  const socket = connect(port, host, () => socket.write(bytes));
  socket.on('error', () => undefined);
  socket.resume();
  const hangUp = setTimeout(() => (random(2) ? socket.destroy() : socket.resetAndDestroy()), patienceMs);
  await once(socket, 'close');
  clearTimeout(hangUp);
}

const sockets = { four: createSocket('udp4'), six: createSocket('udp6') };
for (let round = 0; round < rounds; round++) {
  for (let count = 0; count < 20; count++) {
    sockets.four.send(pick([dhtMessage(), mutate(dhtMessage())]), 6881, '198.18.20.1');
    sockets.four.send(mutate(udpTracker()), 6969, '198.18.0.10');
    sockets.six.send(mutate(udpTracker()), 6969, '2001:db8:f::10');
    sockets.four.send(mutate(Buffer.concat([Buffer.from('000100002112a442', 'hex'), noise(12)])), 3478, '198.18.0.10');
    sockets.four.send(
      Buffer.concat([Buffer.from([(random(5) << 4) | 1]), noise(19 + random(50))]),
      51_413,
      '198.18.100.1',
    );
  }
  const messages = Array.from({ length: 1 + random(12) }, () => pick([peerMessage(), mutate(peerMessage())]));
  const query = ['info_hash', 'peer_id', 'port', 'ip', 'left', 'numwant', 'compact', 'event']
    .filter(() => random(4))
    .map((key) => `${key}=${pick(['%01'.repeat(20), 'abc', '%', '%zz', '9999999', '-1', '', 'started', 'a&a=b'])}`)
    .join('&');
  await Promise.all([
    talk(51_413, '198.18.101.1', Buffer.concat([pick([handshake(), handshake(), mutate(handshake())]), ...messages])),
    talk(51_413, '2001:db8:f:64::1', Buffer.concat([handshake(), ...messages])),
    talk(51_413, '198.18.102.1', noise(96 + random(600))),
    talk(6969, '198.18.0.10', `GET /${pick(['announce', 'scrape', ''])}?${query} HTTP/1.1\r\nHost: x\r\n\r\n`),
  ]);
}
// Asks for metadata without ever having said how it wants it sent: the observer must hang up.
const request = Buffer.from('d8:msg_typei0e5:piecei0ee');
const head = Buffer.from([0, 0, 0, request.length + 2, 20, 1]);
await talk(51_413, '198.18.103.1', Buffer.concat([handshake(), head, request]), 5000);
sockets.four.close();
sockets.six.close();
