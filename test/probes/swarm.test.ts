import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { clientById } from '../../src/clients/index.ts';
import { CanaryWatch } from '../../src/probes/canary-watch.ts';
import type { CapturedFrame } from '../../src/probes/pcap-stream.ts';
import { type RunningCapture, startCapture } from '../../src/probes/capture.ts';
import { startSwarm } from '../../src/probes/swarm-client.ts';
import { addressText } from '../../src/probes/swarm/compact.ts';
import { labSwarm } from '../../src/probes/swarm/swarm-config.ts';
import { programArgv } from '../../src/programs/program.ts';
import { openSmallLab } from '../kit/small-lab.ts';
import { CLIENT_PORT, type Event, KNOCKS, RATE, script, swarmBench } from '../kit/swarm-bench.ts';

/** A TCP connection being opened over IPv6, without extension headers, to this port. */
function isTcpSyn6To(frame: Buffer, port: number): boolean {
  const ETHERNET = 14;
  const TCP = ETHERNET + 40;
  return (
    frame.length >= TCP + 20 &&
    frame.readUInt16BE(12) === 0x86dd &&
    frame.readUInt8(ETHERNET + 6) === 6 &&
    frame.readUInt16BE(TCP + 2) === port &&
    (frame.readUInt8(TCP + 13) & 0x12) === 0x02
  );
}

describe('swarm', function () {
  this.timeout(30_000);
  const bench = swarmBench();

  it('is met by WebTorrent through a magnet link: tracker, DHT, metadata, pieces, over uTP and MSE', async () => {
    const { lab, payload, seen } = bench();
    const client = await clientById('webtorrent').start(lab.client, await bench().job('webtorrent', 'magnet', 'on'));
    await seen.wait('peer-piece', 20);
    const [announced] = await seen.wait('dht-query', 1, ({ query }) => query === 'announce_peer');
    const { downloadedBytes } = await client.status();
    await client.stop(5);

    assert.ok(downloadedBytes > 0, 'WebTorrent counts what it has verified, so the metadata and the pieces are right');
    assert.equal(announced?.infoHash, payload.infoHash);
    assert.equal(announced.sourceAddress, lab.identity.wan4);
    assert.equal(announced.port, CLIENT_PORT);
    const announces = seen.of('tracker-announce');
    assert.deepEqual(new Set(announces.map(({ transport }) => transport)), new Set(['http', 'udp']));
    for (const { infoHash, port, sourceAddress } of announces) {
      assert.deepEqual(
        { infoHash, port, sourceAddress },
        { infoHash: payload.infoHash, port: CLIENT_PORT, sourceAddress: lab.identity.wan4 },
      );
    }
    const handshakes = seen.of('peer-handshake');
    assert.ok(handshakes.some(({ transport, encrypted }) => transport === 'utp' && encrypted));
    assert.ok(handshakes.every(({ infoHash }) => infoHash === payload.infoHash));
    assert.equal(new Set(handshakes.map(({ peerId }) => peerId)).size, 1, 'one client');
  });

  it('is met by qBittorrent, and uploads to it no faster than it is told', async () => {
    const { config, lab, seen } = bench();
    const client = await clientById('qbittorrent').start(
      lab.client,
      await bench().job('qbittorrent', 'file', 'default'),
    );
    const pieces = await seen.wait('peer-piece', 40);
    await client.stop(5);
    assert.ok(pieces.every(({ sourceAddress }) => [lab.identity.wan4, lab.identity.lan6].includes(sourceAddress)));

    const extended = seen.of('peer-extended');
    assert.ok(extended.some(({ client: name }) => name?.startsWith('qBittorrent/')));
    assert.ok(extended.some(({ listenPort }) => listenPort === CLIENT_PORT));
    const observer = new Map(config.observers.map(({ id, address4 }) => [id, address4]));
    assert.ok(
      extended.some(({ party, yourAddress }) => yourAddress !== null && yourAddress === observer.get(party)),
      'the observer is told how it is seen',
    );
    const pex = await seen.wait('peer-pex', 1);
    assert.ok(pex[0]?.added.some((peer) => peer.endsWith(':51413')));

    for (const { id } of config.observers) {
      const uploads = seen.of('peer-piece').filter(({ party }) => party === id);
      const first = uploads[0];
      const last = uploads.at(-1);
      if (first === undefined || last === undefined) continue;
      const connections = new Map(
        uploads.map((event) => [`${event.sourceAddress} ${event.sourcePort}`, event.totalBytes]),
      );
      const total = [...connections.values()].reduce((sum, bytes) => sum + bytes, 0);
      const seconds = (last.atNs - first.atNs) / 1e9;
      // Two blocks of burst, and one that each connection may have had since its last event.
      const most = RATE * seconds + (2 + connections.size) * 16_384;
      assert.ok(total <= most, `${id} uploaded ${total} bytes in ${seconds} s, at most ${most}`);
    }
  });
});

describe('swarm as a witness', function () {
  this.timeout(30_000);
  const bench = swarmBench();

  it('stamps a sighting after the packet and within the time a busy machine needs', async () => {
    const { clock, lab, seen } = bench();
    const frames: CapturedFrame[] = [];
    const capture: RunningCapture = await startCapture(
      { host: lab.router, device: 'wan' },
      {
        file: path.join(lab.router.folder, 'wan.pcap'),
        clock,
        onFrame: ({ bytes, ...rest }) => frames.push({ ...rest, bytes: Buffer.from(bytes) }),
      },
    );
    const query = `d1:ad2:id20:${'a'.repeat(20)}9:info_hash20:${'b'.repeat(20)}e1:q9:get_peers1:t2:xx1:y1:qe`;
    await script(
      lab.client,
      `import { createSocket } from 'node:dgram';
       const ask = createSocket('udp4');
       ask.on('message', () => ask.close());
       ask.send('${query}', 6881, '198.18.21.1');`,
    );
    const [sighting] = await seen.wait('dht-query', 1);
    await capture.stop();
    const packet = frames.find(({ bytes }) => bytes.includes(query));
    assert.ok(sighting && packet);
    assert.equal(sighting.party, 'dht-1');
    const delayNs = sighting.atNs - packet.atNs;
    assert.ok(delayNs > 0 && delayNs < 100e6, `${delayNs / 1e6} ms`);
  });

  it('outlives a client that gets everything wrong', async () => {
    const { lab, payload, seen } = bench();
    const hostile = path.join(import.meta.dirname, '../kit/hostile-client.mjs');
    await lab.client.run([process.execPath, hostile, payload.infoHash, '1', '40']);
    const query = `d1:ad2:id20:${'a'.repeat(20)}e1:q4:ping1:t2:xx1:y1:qe`;
    const answer = await script(
      lab.client,
      `import { createSocket } from 'node:dgram';
       const ask = createSocket('udp4');
       ask.on('message', (message) => { console.log(message.includes('1:y1:r')); ask.close(); });
       ask.send('${query}', 6881, '198.18.20.1');`,
    );
    assert.equal(answer, 'true');
    // What could be read was reported; a busy machine misses some of those who hang up at once.
    for (const kind of ['dht-query', 'tracker-announce', 'peer-handshake', 'peer-closed'] as const)
      await seen.wait(kind, 3);
  });

  it('reports a peer of another torrent and hangs up on it', async () => {
    const { lab, seen } = bench();
    const gone = await script(
      lab.client,
      `import { connect } from 'node:net';
       const socket = connect(51413, '198.18.102.1', () =>
         socket.write(Buffer.concat([Buffer.from('\\x13BitTorrent protocol'), Buffer.alloc(8), Buffer.alloc(20, 7), Buffer.alloc(20, 'p')])));
       socket.on('close', () => console.log('closed'));
       socket.resume();`,
    );
    assert.equal(gone, 'closed');
    const [handshake] = await seen.wait('peer-handshake', 1);
    assert.equal(handshake?.party, 'peer-2');
    assert.equal(handshake.infoHash, '07'.repeat(20));
    await seen.wait('peer-closed', 1);
    assert.deepEqual(
      seen.all.map(({ kind }) => kind),
      ['peer-connection', 'peer-handshake', 'peer-closed'],
    );
  });
});

describe('swarm that is told of an address', function () {
  this.timeout(30_000);
  const bench = swarmBench();

  it('reports every address an announce claims', async () => {
    const { lab, payload, seen } = bench();
    await script(
      lab.client,
      `import { get } from 'node:http';
       import { createSocket } from 'node:dgram';
       const hash = '${payload.infoHash}'.replace(/../g, '%$&');
       get('http://198.18.0.10:6969/announce?info_hash=' + hash + '&peer_id=-XX0000-abcdefghijkl&port=7000&left=1' +
         '&ip=192.168.1.2&ipv4=10.8.0.2:7000&ipv6=%5B2001%3Adb8%3A1%3A%3A2%5D%3A7000&event=started', (answer) => answer.resume());
       const udp = createSocket('udp4');
       udp.once('message', (answer) => {
         const announce = Buffer.alloc(98);
         announce.set(answer.subarray(8, 16));
         announce.writeUInt32BE(1, 8);
         announce.set(Buffer.from('${payload.infoHash}', 'hex'), 16);
         announce.set(Buffer.from('-XX0000-mnopqrstuvwx'), 36);
         announce.writeUInt32BE(2, 80);
         announce.set([192, 168, 1, 2], 84);
         announce.writeUInt16BE(7001, 96);
         udp.once('message', () => udp.close());
         udp.send(announce, 6969, '198.18.0.10');
       });
       udp.send(Buffer.from('00000417271019800000000000000007', 'hex'), 6969, '198.18.0.10');`,
    );
    const announces = await seen.wait('tracker-announce', 2);
    const by = (transport: string): Event<'tracker-announce'> | undefined =>
      announces.find((announce) => announce.transport === transport);
    assert.deepEqual(by('http')?.claimedAddresses, ['192.168.1.2', '10.8.0.2:7000', '[2001:db8:1::2]:7000']);
    assert.equal(by('http')?.peerId, Buffer.from('-XX0000-abcdefghijkl').toString('hex'));
    assert.deepEqual(by('udp')?.claimedAddresses, ['192.168.1.2']);
    assert.deepEqual([by('http')?.event, by('udp')?.event], ['started', 'started']);
    assert.deepEqual([by('http')?.port, by('udp')?.port], [7000, 7001]);
    assert.equal(by('udp')?.sourceAddress, lab.identity.wan4);
  });

  it('knocks at an address it learns, at once and so often as it is told, and no more', async () => {
    const { clock, config, lab, payload, seen } = bench();
    // IPv6 is routed, so a knock arrives; nobody listens there and the kernel refuses it. Times are the kernel's.
    const each = KNOCKS.attempts * config.observers.length;
    const knocks: { from: string; atNs: number }[] = [];
    let onAll = (): void => undefined;
    const all = new Promise<void>((resolve) => (onAll = resolve));
    const capture = await startCapture(
      { host: lab.router, device: 'uplink' },
      {
        file: path.join(lab.router.folder, 'knocks.pcap'),
        clock,
        onFrame: ({ bytes, atNs }) => {
          if (!isTcpSyn6To(bytes, 7000)) return;
          if (knocks.push({ from: addressText(bytes.subarray(22, 38)) ?? '', atNs }) === each) onAll();
        },
      },
    );
    capture.follow();
    await script(
      lab.client,
      `import { get } from 'node:http';
       get('http://[2001:db8:f::10]:6969/announce?info_hash=' + '${payload.infoHash}'.replace(/../g, '%$&') +
         '&peer_id=-XX0000-abcdefghijkl&port=7000&left=1', (answer) => answer.resume());`,
    );
    const [announce] = await seen.wait('tracker-announce', 1);
    await all;
    // As long again as all of them took: one too many would show.
    await new Promise((resolve) => setTimeout(resolve, KNOCKS.everySeconds * KNOCKS.attempts * 1000));
    await capture.stop();

    assert.equal(knocks.length, each);
    for (const { address6 } of config.observers) {
      const times = knocks.filter(({ from }) => from === address6).map(({ atNs }) => atNs / 1e6);
      assert.equal(times.length, KNOCKS.attempts, `${address6}`);
      const first = (times[0] ?? Infinity) - (announce?.atNs ?? 0) / 1e6;
      assert.ok(first < KNOCKS.everySeconds * 1000, `the first at once, not after ${first} ms`);
      for (let index = 1; index < times.length; index++) {
        // A timer never fires early by more than its millisecond; the connection itself may come a little later.
        const gap = (times[index] ?? 0) - (times[index - 1] ?? 0);
        assert.ok(gap > KNOCKS.everySeconds * 1000 * 0.8, `${gap} ms between knocks`);
      }
    }
  });
});

describe('swarm as a tracker', function () {
  this.timeout(30_000);
  const bench = swarmBench();

  it('is a tracker for browsers too, and reports the addresses that an offer names', async () => {
    const { lab, payload, seen } = bench();
    const module = import.meta.resolve('ws');
    await script(
      lab.client,
      `import { WebSocket } from '${module}';
       const link = new WebSocket('ws://198.18.0.10:6969/announce');
       const candidate = (address, rest) => 'a=candidate:1 1 UDP 2122252543 ' + address + ' 40000 typ ' + rest;
       const sdp = ['v=0', candidate('192.168.1.2', 'host'), candidate('203.0.113.2', 'srflx raddr 0.0.0.0 rport 0')].join('\\r\\n');
       link.on('open', () => link.send(JSON.stringify({
         action: 'announce', info_hash: Buffer.from('${payload.infoHash}', 'hex').toString('latin1'),
         peer_id: '-XX0000-browserslike', event: 'started', left: 1,
         offers: [{ offer_id: 'x', offer: { type: 'offer', sdp } }],
       })));
       link.on('message', () => link.close());`,
    );
    const [announce] = await seen.wait('tracker-announce', 1);
    assert.deepEqual([announce?.transport, announce?.event, announce?.port], ['ws', 'started', 0]);
    assert.equal(announce?.infoHash, payload.infoHash);
    assert.equal(announce.sourceAddress, lab.identity.wan4);
    assert.deepEqual(announce.claimedAddresses, ['192.168.1.2', '203.0.113.2']);
  });

  it('hands out the observers: IPv6 ones over UDP on IPv6, all of them over HTTP', async () => {
    const { config, lab, payload } = bench();
    const answers = await script(
      lab.client,
      `import { get } from 'node:http';
       import { createSocket } from 'node:dgram';
       const hash = '${payload.infoHash}'.replace(/../g, '%$&');
       const http = await new Promise((resolve) => get('http://[2001:db8:f::10]:6969/announce?info_hash=' + hash +
         '&peer_id=-XX0000-abcdefghijkl&port=7000&left=1&compact=1', async (answer) => {
           const chunks = [];
           for await (const chunk of answer) chunks.push(chunk);
           resolve(Buffer.concat(chunks).toString('hex'));
         }));
       const udp = createSocket('udp6');
       const answer = await new Promise((resolve) => {
         udp.once('message', (connected) => {
           const announce = Buffer.alloc(98);
           announce.set(connected.subarray(8, 16));
           announce.writeUInt32BE(1, 8);
           announce.set(Buffer.from('${payload.infoHash}', 'hex'), 16);
           announce.writeUInt16BE(7001, 96);
           udp.once('message', (message) => { udp.close(); resolve(message.toString('hex')); });
           udp.send(announce, 6969, '2001:db8:f::10');
         });
         udp.send(Buffer.from('00000417271019800000000000000007', 'hex'), 6969, '2001:db8:f::10');
       });
       console.log(JSON.stringify([http, answer]));`,
    );
    const [http = '', udp = ''] = answers.slice(2, -2).split('","');
    const port = 'c8d5';
    for (const { id } of config.observers) {
      const index = Number(id.split('-')[1]);
      const four = Buffer.from([198, 18, 100 + index, 1]).toString('hex') + port;
      const six = `20010db8000f00${(100 + index).toString(16)}0000000000000001${port}`;
      assert.ok(http.includes(four) && http.includes(six), `${id} over HTTP`);
      assert.ok(udp.includes(six) && !udp.includes(four), `${id} over UDP`);
    }
    assert.equal((udp.length / 2 - 20) % 18, 0, 'whole IPv6 endpoints and nothing else');
  });
});

describe('swarm program', () => {
  it('names the field of a configuration that cannot be', async () => {
    const lab = await openSmallLab(labSwarm({ originUnixNs: 0n, seed: 1 }));
    try {
      const config = { ...labSwarm({ originUnixNs: 0n, seed: 1 }), originUnixNs: 'yesterday' };
      const options = { config, onEvent: () => undefined, watch: new CanaryWatch() };
      await assert.rejects(
        startSwarm(lab.swarm, options),
        /swarm-program on swarm ended with exit code 1: [^]*originUnixNs/,
      );
    } finally {
      await lab.close();
    }
  });

  it('ends with the harness: when its standard input closes', async () => {
    const config = labSwarm({ originUnixNs: 0n, seed: 1 });
    const lab = await openSmallLab(config);
    try {
      const file = path.join(lab.swarm.folder, 'swarm.json');
      await writeFile(file, JSON.stringify(config));
      const running = await lab.swarm.spawn([...programArgv('probes/swarm/swarm-program'), file]);
      await once(running.stdout, 'data');
      running.stdin.end();
      assert.deepEqual(await running.exited, { code: 0, signal: null });
    } finally {
      await lab.close();
    }
  });
});
