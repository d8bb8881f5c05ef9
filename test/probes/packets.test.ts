import assert from 'node:assert/strict';
import bencode from 'bencode';
import fc from 'fast-check';
import { CANARY_INFO_HASH, canaryBytes, canaryName, canaryNonce, canaryOf, nonceIn } from '../../src/probes/canary.ts';
import { PcapStream } from '../../src/probes/pcap-stream.ts';
import { udpFrame } from '../../src/probes/ethernet-frame.ts';
import { parseQuery } from '../../src/probes/resolver.ts';
import { addressBytes, addressText, endpointText, unpackEndpoints } from '../../src/probes/swarm/compact.ts';
import { bindingResponse } from '../../src/probes/swarm/datagrams.ts';
import { verifiablePrefix } from '../../src/probes/swarm/dht.ts';
import { fullBitfield, readExtended, readPex } from '../../src/probes/swarm/messages.ts';

describe('packed addresses', () => {
  it('come back as they went in, IPv6 in its canonical form', () => {
    fc.assert(fc.property(fc.ipV4(), (address) => assert.equal(addressText(addressBytes(address)), address)));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (packed) => {
        const text = addressText(packed) ?? '';
        assert.deepEqual(Uint8Array.from(addressBytes(text)), packed);
      }),
    );
    assert.equal(addressText(addressBytes('2001:0DB8:0:0:0:0:0:0064')), '2001:db8::64');
    assert.equal(addressText(Uint8Array.of(1, 2, 3)), null);
  });

  it('are read from a list, a broken remainder dropped', () => {
    const list = Uint8Array.of(198, 18, 100, 1, 0xc8, 0xd5, 198, 18, 101, 1, 0xc8);
    assert.deepEqual(unpackEndpoints(list, 4).map(endpointText), ['198.18.100.1:51413']);
  });
});

describe('BEP 42 node ids', () => {
  it('agree with the examples in the BEP', () => {
    for (const [address, lastByte, prefix] of [
      ['124.31.75.21', 1, 0x5fbfbf],
      ['21.75.31.124', 86, 0x5a3ce9],
      ['65.23.51.170', 22, 0xa5d432],
      ['84.124.73.14', 65, 0x1b0321],
      ['43.213.53.83', 90, 0xe56f6c],
    ] as const) {
      // The BEP's ids are random after the first 21 bits.
      assert.equal(verifiablePrefix(address, lastByte) >>> 3, prefix >>> 3, address);
    }
  });
});

describe('STUN', () => {
  const transaction = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex');
  const request = Buffer.concat([Buffer.from('000100002112a442', 'hex'), transaction]);

  it('answers with the mapped addresses of the test vectors in RFC 5769', () => {
    const four = bindingResponse(request, { address: '192.0.2.1', port: 32_853 });
    assert.equal(four?.toString('hex'), `0101000c2112a442${transaction.toString('hex')}002000080001a147e112a643`);
    const six = bindingResponse(request, { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 });
    assert.equal(six?.toString('hex', 20), '002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9');
  });

  it('answers nothing else', () => {
    const from = { address: '192.0.2.1', port: 1 };
    assert.equal(bindingResponse(Buffer.alloc(20), from), null);
    assert.equal(bindingResponse(request.subarray(0, 19), from), null);
    assert.equal(bindingResponse(Buffer.concat([Buffer.from('0101', 'hex'), request.subarray(2)]), from), null);
  });
});

describe('peer messages', () => {
  it('tell the claims of an extension handshake', () => {
    const content = bencode.decode(
      bencode.encode({
        v: 'Some Client 1',
        p: 51_000,
        ipv4: addressBytes('203.0.113.2'),
        ipv6: addressBytes('2001:db8:1::2'),
        yourip: addressBytes('198.18.100.1'),
        m: { ut_pex: 1 },
      }),
    );
    assert.deepEqual(readExtended(content), {
      client: 'Some Client 1',
      listenPort: 51_000,
      claimedAddresses: ['203.0.113.2', '2001:db8:1::2'],
      yourAddress: '198.18.100.1',
    });
    assert.equal(readExtended('no dictionary'), null);
    assert.equal(readExtended({ p: 'a port?' })?.listenPort, null);
  });

  it('tell the peers of a PEX message, both families', () => {
    const message = bencode.encode({
      added: Buffer.concat([addressBytes('203.0.113.2'), Uint8Array.of(0xc7, 0x38)]),
      added6: Buffer.concat([addressBytes('2001:db8:1::2'), Uint8Array.of(0xc7, 0x38)]),
      dropped: new Uint8Array(0),
    });
    const exchange = readPex(message);
    assert.deepEqual(exchange?.added.map(endpointText), ['203.0.113.2:51000', '[2001:db8:1::2]:51000']);
    assert.deepEqual(exchange.dropped, []);
    assert.equal(readPex(Buffer.from('d5:added6:cut')), null);
  });

  it('claim all pieces and no piece that is not there', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (pieces) => {
        const ones = [...fullBitfield(pieces)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
        assert.equal(ones, '1'.repeat(pieces).padEnd(Math.ceil(pieces / 8) * 8, '0'));
      }),
    );
  });
});

describe('canaries', () => {
  it('are told by marker and nonce wherever they are', () => {
    const nonce = canaryNonce();
    const payload = canaryBytes(nonce);
    assert.equal(payload.length, 20, 'fits a peer id and a node id');
    const frame = udpFrame({
      sourceMac: '02:00:00:00:00:02',
      destinationMac: '02:00:00:00:00:01',
      source: { address: '192.168.1.2', port: 9 },
      destination: { address: '198.18.0.7', port: 9 },
      payload,
    });
    assert.equal(nonceIn(frame), nonce);
    assert.equal(nonceIn(canaryName(nonce)), nonce);
    assert.equal(nonceIn(Buffer.from('KSL-CANARY, but no nonce')), null);
    assert.throws(() => canaryBytes('Not one!'), /canaryNonce/);
  });

  it('are told from real traffic in events', () => {
    const source = { atNs: 0, party: 'x', sourceAddress: '203.0.113.2', sourcePort: 1 };
    const nonce = canaryNonce();
    const id = canaryBytes(nonce).toString('hex');
    const query = { ...source, kind: 'dht-query' as const, query: 'ping', infoHash: null, port: null };
    assert.equal(canaryOf({ ...query, nodeId: id }), nonce);
    assert.equal(canaryOf({ ...query, nodeId: 'ab'.repeat(20) }), null);
    assert.equal(canaryOf({ ...source, kind: 'resolver-query', name: canaryName(nonce), type: 'A' }), nonce);
    assert.equal(canaryOf({ ...source, kind: 'resolver-query', name: 'tracker.swarm.test', type: 'A' }), null);
    assert.match(CANARY_INFO_HASH, /^[0-9a-f]{40}$/);
  });
});

describe('pcap stream', () => {
  const record = (seconds: number, nanoseconds: number, bytes: Buffer): Buffer => {
    const header = Buffer.alloc(16);
    header.writeUInt32LE(seconds, 0);
    header.writeUInt32LE(nanoseconds, 4);
    header.writeUInt32LE(bytes.length, 8);
    header.writeUInt32LE(bytes.length + 7, 12);
    return Buffer.concat([header, bytes]);
  };
  const header = Buffer.from('4d3cb2a102000400000000000000000000080000' + '01000000', 'hex');

  it('gives the same frames however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (payloads, cuts) => {
          const file = Buffer.concat([header, ...payloads.map((bytes, at) => record(10 + at, 7, Buffer.from(bytes)))]);
          const seen: { atNs: number; length: number; hex: string }[] = [];
          const stream = new PcapStream(9_000_000_000n, ({ atNs, bytes, length }) => {
            seen.push({ atNs, length, hex: bytes.toString('hex') });
          });
          for (let at = 0, cut = 0; at < file.length; cut++) {
            const size = cuts[cut % cuts.length] ?? 1;
            stream.push(file.subarray(at, at + size));
            at += size;
          }
          assert.deepEqual(
            seen,
            payloads.map((bytes, at) => ({
              atNs: (1 + at) * 1e9 + 7,
              length: bytes.length + 7,
              hex: Buffer.from(bytes).toString('hex'),
            })),
          );
          assert.equal(stream.frames, payloads.length);
        },
      ),
    );
  });

  it('refuses what is no pcap', () => {
    assert.throws(
      () => new PcapStream(0n, () => undefined).push(Buffer.alloc(24, 'x')),
      /Not a pcap stream: it starts with 78787878/,
    );
  });

  it('refuses a record that no capture can hold, and does not wait for its end', () => {
    const stream = new PcapStream(0n, () => undefined);
    const claim = Buffer.from('0000000000000000ffffff7fffffff7f', 'hex');
    stream.push(Buffer.concat([header, record(1, 0, Buffer.from('one'))]));
    assert.throws(() => stream.push(claim), /after 1 frames: a record claims 2147483647 captured bytes/);
  });
});

describe('resolver log', () => {
  it('gives the queries of dnsmasq 2.90 and nothing of its other lines', () => {
    const log = [
      'dnsmasq[14720]: started, version 2.90 cachesize 150',
      'dnsmasq[14720]: 2 127.0.0.1/47391 query[AAAA] tracker.swarm.test from 127.0.0.1',
      'dnsmasq[14720]: 2 127.0.0.1/47391 config tracker.swarm.test is 2001:db8:f::10',
      'dnsmasq: 7 2001:db8:1::2/5353 query[type=65] router.utorrent.com from 2001:db8:1::2',
    ];
    assert.deepEqual(
      log.map(parseQuery).filter((query) => query !== null),
      [
        { sourceAddress: '127.0.0.1', sourcePort: 47_391, name: 'tracker.swarm.test', type: 'AAAA' },
        { sourceAddress: '2001:db8:1::2', sourcePort: 5353, name: 'router.utorrent.com', type: 'type=65' },
      ],
    );
  });
});
