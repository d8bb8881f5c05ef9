import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import bencode from 'bencode';
import fc from 'fast-check';
import * as z from 'zod';
import { magnetLink, makePayload, type PayloadSpec } from '../../src/probes/torrent-payload.ts';

const bytes = z.instanceof(Uint8Array).transform((value) => Buffer.from(value));
const torrentSchema = z.object({
  announce: bytes,
  'announce-list': z.array(z.array(bytes)),
  nodes: z.array(z.tuple([bytes, z.number()])).optional(),
  info: z.object({
    length: z.number(),
    name: bytes,
    'piece length': z.number(),
    pieces: bytes,
    private: z.number().optional(),
  }),
});
const spec: PayloadSpec = {
  seed: 1,
  pieceLength: 32_768,
  pieces: 5,
  name: 'lab.bin',
  trackers: [['http://tracker.swarm.test:6969/announce'], ['udp://tracker.swarm.test:6969/announce']],
};

describe('payload', () => {
  it('is a torrent whose every piece verifies against the bytes handed out', () => {
    const payload = makePayload(spec);
    const { info, announce, ...rest } = torrentSchema.parse(bencode.decode(payload.torrentFile));
    const hash = createHash('sha1').update(payload.pieceBytes).digest();
    assert.equal(info.pieces.length, 20 * spec.pieces);
    for (let piece = 0; piece < spec.pieces; piece++) {
      assert.ok(info.pieces.subarray(20 * piece, 20 * piece + 20).equals(hash));
    }
    assert.equal(info.length, payload.totalBytes);
    assert.equal(info.length, payload.pieceBytes.length * spec.pieces);
    assert.equal(payload.infoHash, createHash('sha1').update(payload.info).digest('hex'));
    assert.ok(
      Buffer.from(payload.torrentFile).includes(Buffer.from(payload.info)),
      'the info-hash is of the very bytes in the file',
    );
    assert.equal(announce.toString(), spec.trackers[0]?.[0]);
    assert.deepEqual(
      rest['announce-list'].map((tier) => tier.map(String)),
      spec.trackers,
    );
    assert.equal(rest.nodes, undefined);
  });

  it('depends on its specification alone, and on all of it', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 3 }), fc.integer({ min: 1, max: 40 }), (seed, power, pieces) => {
        const one: PayloadSpec = { ...spec, seed, pieceLength: 16_384 << power, pieces };
        assert.deepEqual(makePayload(one), makePayload(one));
        assert.notEqual(makePayload(one).infoHash, makePayload({ ...one, seed: seed + 1 }).infoHash);
        assert.notEqual(makePayload(one).infoHash, makePayload({ ...one, privateFlag: true }).infoHash);
      }),
      { numRuns: 20 },
    );
  });

  it('costs next to nothing at 1 GiB', () => {
    const before = process.memoryUsage().arrayBuffers;
    const payload = makePayload({ ...spec, pieceLength: 262_144, pieces: 4096 });
    assert.equal(payload.totalBytes, 2 ** 30);
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 2 ** 20);
  });

  it('names DHT nodes and the private flag when asked to', () => {
    const nodes = [{ host: '198.18.20.1', port: 6881 }];
    const torrent = torrentSchema.parse(bencode.decode(makePayload({ ...spec, nodes, privateFlag: true }).torrentFile));
    assert.deepEqual(
      torrent.nodes?.map(([host, port]) => ({ host: host.toString(), port })),
      nodes,
    );
    assert.equal(torrent.info.private, 1);
  });

  it('has a magnet link that carries the info-hash, the name and the trackers', () => {
    const payload = makePayload({ ...spec, name: 'a b&c' });
    const link = new URL(magnetLink(payload));
    assert.equal(link.searchParams.get('xt'), `urn:btih:${payload.infoHash}`);
    assert.equal(link.searchParams.get('dn'), 'a b&c');
    assert.deepEqual(link.searchParams.getAll('tr'), spec.trackers.flat());
  });

  it('refuses what clients would refuse, naming the field', () => {
    assert.throws(() => makePayload({ ...spec, pieceLength: 40_000 }), /power of two/);
    assert.throws(() => makePayload({ ...spec, pieces: 0 }), /pieces/);
  });
});
