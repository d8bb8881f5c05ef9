/**
 * Swarm of the clients' compliance suite, run as a program in the `swarm` namespace: a tracker, a seed, a handful of
 * DHT nodes and a resolver that knows only them. Reports what it sees as JSON lines on standard output.
 */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { promisify } from 'node:util';
import bencode from 'bencode';
import { Client as DHT } from 'bittorrent-dht';
import { Server } from 'bittorrent-tracker';
import BitField from 'bitfield';
import Wire from 'bittorrent-protocol';
import createTorrent from 'create-torrent';
import utMetadata from 'ut_metadata';
import utpNative from 'utp-native';

// Loaded by anything else (mocha, given this folder), it does nothing.
if (process.argv[1] === import.meta.filename) await main();

async function main() {
  const [, , folder = '.', megabytes = '4'] = process.argv;
  const TRACKER = '198.18.0.10';
  const PEER_PORT = 51413;
  /** A second seed, named by peer exchange alone. */
  const NAMED = '198.18.0.11';
  const say = (event) => process.stdout.write(`${JSON.stringify({ atMs: Date.now(), ...event })}\n`);

  // Tracker, HTTP and UDP on one port number.
  const tracker = new Server({ http: true, udp: true, ws: true, stats: false });
  tracker.on('error', (error) => console.error('tracker', error));
  tracker.on('warning', (error) => console.error('tracker', error));
  for (const event of ['start', 'update', 'stop', 'complete']) {
    tracker.on(event, (address, params) => say({ event: 'announce', kind: event, address, transport: params.type }));
  }
  await new Promise((resolve) => tracker.listen(6969, { http: TRACKER, udp: TRACKER, udp6: '::1' }, resolve));

  // STUN servers, where the two names WebTorrent has by default lead: whoever asks is reported, none is answered.
  for (const port of [19302, 3478]) {
    const stun = createSocket('udp4');
    stun.on('message', (_, from) => say({ event: 'stun', address: `${from.address}:${from.port}` }));
    await new Promise((resolve) => stun.bind(port, '198.18.20.1', resolve));
  }

  // What is said to everybody on the link, and to the gateway: BEP 14, and SSDP and NAT-PMP, which precede a port mapping.
  const gateway = '10.8.0.1';
  for (const [event, port, group] of [
    ['lsd', 6771, '239.192.152.143'],
    ['portMapping', 1900, '239.255.255.250'],
    ['portMapping', 5351, null],
  ]) {
    const ear = createSocket({ type: 'udp4', reuseAddr: true });
    ear.on('message', (_, from) => say({ event, address: `${from.address}:${from.port}` }));
    await new Promise((resolve) => ear.bind(port, group ?? gateway, resolve));
    if (group !== null) ear.addMembership(group, gateway);
  }

  // DHT nodes, one a /24, and one where dht.libtorrent.org is asked.
  const places = [[20, 25401], ...Array.from({ length: 8 }, (_, i) => [20 + i, 6881])];
  for (const [net, port] of places) {
    const dht = new DHT({ bootstrap: ['198.18.20.1:6881'], host: `198.18.${net}.1` });
    dht.on('error', (error) => console.error('dht', error));
    dht._rpc.on('query', (query, peer) =>
      say({ event: 'dht', query: query.q.toString(), address: `${peer.address ?? peer.host}:${peer.port}` }),
    );
    await new Promise((resolve) => dht.listen(port, `198.18.${net}.1`, resolve));
  }

  // Every name is the first DHT node's.
  const resolver = createSocket('udp4');
  resolver.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const type = query.readUInt16BE(end - 4);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 18, 20, 1]);
    const head = Buffer.from(query.subarray(0, end));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(type === 1 ? 1 : 0, 6);
    head.writeUInt16BE(0, 8);
    head.writeUInt16BE(0, 10);
    say({ event: 'dns', type, name: query.subarray(12, end - 4).toString('latin1') });
    resolver.send(type === 1 ? Buffer.concat([head, answer]) : head, from.port, from.address);
  });
  await new Promise((resolve) => resolver.bind(53, gateway, resolve));

  // The seed: unchokes at once and hands out whatever is asked, over TCP and uTP, plain or encrypted.
  const PIECE = 65536;
  const BLOCK_MS = 10;
  const payload = Buffer.alloc(Number(megabytes) << 20);
  for (let i = 0; i < payload.length; i += 4) payload.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
  payload.name = 'payload.bin';
  const announceList = [[`http://${TRACKER}:6969/announce`], [`udp://${TRACKER}:6969/announce`]];
  const torrentFile = await promisify(createTorrent)(payload, { announceList, pieceLength: PIECE });
  const infoHash = createHash('sha1')
    .update(bencode.encode(bencode.decode(torrentFile).info))
    .digest('hex');
  const pieces = new BitField(payload.length / PIECE);
  for (let i = 0; i < pieces.length; i++) pieces.set(i);

  /** BEP 11, to name one more peer to whoever speaks it. */
  class PeerExchange {
    constructor(wire) {
      this.wire = wire;
    }
    get name() {
      return 'ut_pex';
    }
    onExtendedHandshake(handshake) {
      if (!(handshake.m?.ut_pex > 0)) return;
      const added = Buffer.from([...NAMED.split('.').map(Number), PEER_PORT >> 8, PEER_PORT & 255]);
      this.wire.extended('ut_pex', { added, 'added.f': Buffer.alloc(1) });
    }
    onMessage() {}
  }

  function serve(socket, transport, at) {
    const address = `${socket.remoteAddress}:${socket.remotePort}`;
    const wire = new Wire(`${transport}Incoming`, 1);
    const drop = () => wire.destroy();
    socket.on('error', drop).on('close', drop);
    wire.on('error', () => socket.destroy());
    let encrypted = false;
    wire.once('crypto-infohash', () => (encrypted = true));
    if (transport === 'utp') say({ event: 'utp', address });
    if (at === NAMED) say({ event: 'pex', address });
    wire.use(PeerExchange);
    wire.use(utMetadata(bencode.encode(bencode.decode(torrentFile).info)));
    wire.on('handshake', () => {
      wire.handshake(infoHash, Buffer.from('-KS0001-swarmprogram').toString('hex'), { dht: true });
      wire.bitfield(pieces);
      wire.unchoke();
      say({ event: 'wire', address, transport, encrypted });
      // Transmission 3.00 reads what came over uTP with the handshake only once something more comes.
      setTimeout(() => wire.keepAlive(), 1500);
    });
    let served = false;
    let free = 0;
    wire.on('request', (index, offset, length, respond) => {
      if (!served) say({ event: 'payload', address });
      served = true;
      // One block after the other, or the torrent is complete before the client looks for further peers.
      free = Math.max(free, Date.now()) + BLOCK_MS;
      const block = payload.subarray(index * PIECE + offset, index * PIECE + offset + length);
      setTimeout(() => respond(null, block), free - Date.now());
    });
    socket.pipe(wire).pipe(socket);
    wire.once('crypto-infohash', () => void wire.setInfoHash(infoHash));
  }
  for (const at of [TRACKER, NAMED]) {
    const tcp = createTcpServer((socket) => serve(socket, 'tcp', at));
    await new Promise((resolve) => tcp.listen(PEER_PORT, at, resolve));
    const utp = utpNative.createServer((socket) => serve(socket, 'utp', at));
    await new Promise((resolve) => utp.listen(PEER_PORT, at, resolve));
  }
  await tracker.createSwarm(infoHash, (error, swarm) => {
    if (error) throw error;
    swarm.announce(
      {
        type: 'http',
        event: 'started',
        peer_id: 'f'.repeat(40),
        addr: `${TRACKER}:${PEER_PORT}`,
        ip: TRACKER,
        port: PEER_PORT,
        left: 0,
        numwant: 0,
      },
      () => undefined,
    );
  });
  writeFileSync(`${folder}/payload.torrent`, torrentFile, { mode: 0o644 });
  // The same torrent with a WebSocket tracker first, by which browsers meet.
  const forBrowsers = { ...bencode.decode(torrentFile), 'announce-list': [[`ws://${TRACKER}:6969`], ...announceList] };
  writeFileSync(`${folder}/browsers.torrent`, bencode.encode(forBrowsers), { mode: 0o644 });
  say({
    event: 'ready',
    magnet: `magnet:?xt=urn:btih:${infoHash}&dn=payload.bin&tr=${encodeURIComponent(announceList[0][0])}`,
  });
}
