/** Reading and writing the parts of peer messages that the wire's library leaves to its user. */
import { createHash } from 'node:crypto';
import bencode from 'bencode';
import * as z from 'zod';
import { isBencoded } from './bencoding.ts';
import type { Endpoint } from '../../records/identity.ts';
import { addressText, unpackEndpoints } from './compact.ts';

const bytes = z.instanceof(Uint8Array);

const extendedSchema = z.object({
  v: bytes.optional(),
  p: z.number().int().min(0).max(65_535).optional().catch(undefined),
  ipv4: bytes.optional(),
  ipv6: bytes.optional(),
  yourip: bytes.optional(),
});

export interface ExtendedHandshake {
  readonly client: string | null;
  readonly listenPort: number | null;
  readonly claimedAddresses: string[];
  readonly yourAddress: string | null;
}

/** What an extension handshake (BEP 10), decoded, says of its sender; null when it is none. */
export function readExtended(content: unknown): ExtendedHandshake | null {
  const handshake = extendedSchema.safeParse(content).data;
  if (handshake === undefined) return null;
  const { v, p, ipv4, ipv6, yourip } = handshake;
  return {
    client: v === undefined ? null : Buffer.from(v).toString('utf8'),
    listenPort: p ?? null,
    claimedAddresses: [ipv4, ipv6].flatMap((address) => (address === undefined ? [] : (addressText(address) ?? []))),
    yourAddress: yourip === undefined ? null : addressText(yourip),
  };
}

const pexSchema = z.object({
  added: bytes.optional(),
  added6: bytes.optional(),
  dropped: bytes.optional(),
  dropped6: bytes.optional(),
});

/** The peers of a PEX message (BEP 11); null when it is none. */
export function readPex(message: Uint8Array): { readonly added: Endpoint[]; readonly dropped: Endpoint[] } | null {
  const exchange = pexSchema.safeParse(decode(message)).data;
  if (exchange === undefined) return null;
  const both = (four: Uint8Array | undefined, six: Uint8Array | undefined): Endpoint[] => [
    ...(four === undefined ? [] : unpackEndpoints(four, 4)),
    ...(six === undefined ? [] : unpackEndpoints(six, 16)),
  ];
  return { added: both(exchange.added, exchange.added6), dropped: both(exchange.dropped, exchange.dropped6) };
}

/** Bencoded bytes as a value; null when they are malformed. */
export function decode(message: Uint8Array): unknown {
  if (!isBencoded(message)) return null;
  try {
    return bencode.decode(message);
  } catch {
    return null;
  }
}

/** How MSE names a torrent without giving its info-hash away: SHA-1 of `req2` and the info-hash, hex. */
export function mseInfoHash(infoHash: string): string {
  return createHash('sha1').update('req2').update(infoHash, 'hex').digest('hex');
}

/** Bitfield of all pieces; the spare bits of the last byte are zero, as BEP 3 requires. */
export function fullBitfield(pieces: number): Uint8Array {
  const bits = Buffer.alloc(Math.ceil(pieces / 8), 0xff);
  if (pieces % 8 !== 0) bits.writeUInt8((0xff << (8 - (pieces % 8))) & 0xff, bits.length - 1);
  return bits;
}
