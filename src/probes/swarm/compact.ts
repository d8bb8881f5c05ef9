/** Addresses as BitTorrent packs them: 4 or 16 bytes of address, then 2 of port, most significant first. */
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../../records/identity.ts';
import { addressText, ipBytes } from '../../records/ip-address.ts';

export { addressText };

/** Text of an endpoint: `address:port` or `[address]:port`. */
export function endpointText({ address, port }: Endpoint): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The 4 or 16 bytes of an address. Throws `TypeError` for any other text. */
export function addressBytes(address: string): Uint8Array {
  const bytes = ipBytes(address);
  if (bytes === null) throw new TypeError(`«${address}» is not an IP address: give one like 192.0.2.1 or 2001:db8::1`);
  return Uint8Array.from(bytes);
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
