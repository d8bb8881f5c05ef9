/** Addresses as BitTorrent packs them: 4 or 16 bytes of address, then 2 of port, most significant first. */
import { isIPv6 } from 'node:net';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Text of an endpoint: `address:port` or `[address]:port`. */
export function endpointText({ address, port }: Endpoint): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The address in 4 or 16 bytes as text, IPv6 in its canonical short form; null for any other length. */
export function addressText(bytes: Uint8Array): string | null {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return null;
  const view = Buffer.from(bytes);
  const groups = Array.from({ length: 8 }, (_, index) => view.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** The 4 or 16 bytes of an address. */
export function addressBytes(address: string): Uint8Array {
  if (!isIPv6(address)) return Uint8Array.from(address.split('.'), Number);
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, index) => bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index));
  return bytes;
}

/** A packed list of endpoints; a remainder that is no whole endpoint is dropped. */
export function unpackEndpoints(packed: Uint8Array, addressLength: 4 | 16): Endpoint[] {
  const size = addressLength + 2;
  return Array.from({ length: Math.floor(packed.length / size) }, (_, index) => {
    const at = index * size;
    return {
      address: addressText(packed.subarray(at, at + addressLength)) ?? '',
      port: Buffer.from(packed).readUInt16BE(at + addressLength),
    };
  });
}
