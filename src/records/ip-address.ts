/** Text of IP addresses, to bytes and back. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * The 4 or 16 bytes of an address, without a zone; null for any other text. Node.js says what is one: to ipaddr.js the
 * short, octal and hexadecimal forms of inet_aton(3) are IPv4 too.
 */
export function ipBytes(text: string): readonly number[] | null {
  if (isIP(text) === 0 || text.includes('%')) return null;
  // ipaddr.js takes ::192.0.2.1 for ::ffff:192.0.2.1, which is another address (RFC 4291, 2.5.5).
  return ipaddr.parse(text.replace(/^::(?=\d+\.)/, '::0:')).toByteArray();
}

/** The text of an address in 4 or 16 bytes, IPv6 as RFC 5952 writes it; null for any other length. */
export function addressText(bytes: Uint8Array): string | null {
  if (bytes.length !== 4 && bytes.length !== 16) return null;
  const address = ipaddr.fromByteArray([...bytes]);
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}
