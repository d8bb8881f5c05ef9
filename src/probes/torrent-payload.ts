/**
 * The torrent every client downloads. All pieces hold the same seeded pseudo-random bytes, so that one SHA-1 and one
 * buffer stand for thousands of pieces and a torrent too big to finish costs nothing. The bytes are not compressible
 * and never all zero, so clients treat them as any other download (a sparse file is the filesystem's doing, not theirs).
 */
import { createCipheriv, createHash } from 'node:crypto';
import bencode from 'bencode';
import * as z from 'zod';

/** Specification of the payload, everything it is made of: the same specification gives the same bytes everywhere. */
export const payloadSpecSchema = z.object({
  seed: z.number().int().nonnegative(),
  /** Bytes of one piece; a power of two of at least 16 KiB, as clients require. */
  pieceLength: z
    .number()
    .int()
    .min(16_384)
    .refine((length) => Number.isInteger(Math.log2(length)), { message: 'pieceLength must be a power of two' }),
  pieces: z.number().int().positive(),
  name: z.string().min(1),
  /** Tiers of announce addresses (BEP 12); may be empty. */
  trackers: z.array(z.array(z.string())),
  /** DHT nodes named in the torrent itself (BEP 5); left out when empty. */
  nodes: z.array(z.object({ host: z.string(), port: z.number().int().positive() })).default([]),
  /** BEP 27: no DHT, no PEX, no LSD. */
  privateFlag: z.boolean().default(false),
});
export type PayloadSpec = z.input<typeof payloadSpecSchema>;

export interface Payload {
  /** Bytes of the .torrent file. */
  readonly torrentFile: Uint8Array;
  /** The info dictionary alone, as ut_metadata serves it. */
  readonly info: Uint8Array;
  /** Info hash as 40 hex digits. */
  readonly infoHash: string;
  /** The bytes of every piece. */
  readonly pieceBytes: Uint8Array;
  readonly pieces: number;
  readonly totalBytes: number;
  readonly name: string;
  readonly trackers: readonly string[];
}

/** Builds the torrent; throws a ZodError naming the field that is out of range. */
export function makePayload(specification: PayloadSpec): Payload {
  const spec = payloadSpecSchema.parse(specification);
  const pieceBytes = keystream(spec.seed, spec.pieceLength);
  const hash = createHash('sha1').update(pieceBytes).digest();
  const pieces = Buffer.alloc(hash.length * spec.pieces);
  for (let piece = 0; piece < spec.pieces; piece++) hash.copy(pieces, piece * hash.length);

  const totalBytes = spec.pieceLength * spec.pieces;
  const info = bencode.encode({
    length: totalBytes,
    name: spec.name,
    'piece length': spec.pieceLength,
    pieces,
    ...(spec.privateFlag && { private: 1 }),
  });
  const trackers = spec.trackers.flat();
  const torrentFile = Buffer.concat([
    Buffer.from('d'),
    ...(trackers[0] === undefined
      ? []
      : [entry('announce', bencode.encode(trackers[0])), entry('announce-list', bencode.encode(spec.trackers))]),
    entry('info', info),
    ...(spec.nodes.length === 0
      ? []
      : [entry('nodes', bencode.encode(spec.nodes.map(({ host, port }) => [host, port])))]),
    Buffer.from('e'),
  ]);
  const infoHash = createHash('sha1').update(info).digest('hex');
  return { torrentFile, info, infoHash, pieceBytes, pieces: spec.pieces, totalBytes, name: spec.name, trackers };
}

/** A magnet link (BEP 9): info-hash, name and trackers; no peer addresses. */
export function magnetLink(payload: Pick<Payload, 'infoHash' | 'name' | 'trackers'>): string {
  const trackers = payload.trackers.map((tracker) => `&tr=${encodeURIComponent(tracker)}`).join('');
  return `magnet:?xt=urn:btih:${payload.infoHash}&dn=${encodeURIComponent(payload.name)}${trackers}`;
}

/** One key and value of a bencoded dictionary; the caller keeps the keys in order. */
function entry(key: string, value: Uint8Array): Buffer {
  return Buffer.concat([bencode.encode(key), value]);
}

/** AES-128-CTR over zeros: a fast stream that depends on the seed alone. */
function keystream(seed: number, bytes: number): Uint8Array {
  const key = createHash('sha256').update(`killswitch-lab payload ${seed}`).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
