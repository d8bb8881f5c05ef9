import assert from 'node:assert/strict';
import { type PortFrame, ipFrame, tcpFrame, udpFrame } from '../../src/probes/ethernet-frame.ts';
import { PROTOCOL } from '../../src/records/protocols.ts';
import { CLIENT_MAC, ROUTER_MAC, bytes, u16, u32 } from '../kit/frames.ts';

const MACS = { sourceMac: CLIENT_MAC, destinationMac: ROUTER_MAC };
const ENDS: Readonly<Record<string, Omit<PortFrame, 'payload'>>> = {
  IPv4: { ...MACS, source: { address: '192.168.1.2', port: 9 }, destination: { address: '198.18.0.7', port: 10 } },
  IPv6: { ...MACS, source: { address: '2001:db8::2', port: 9 }, destination: { address: '2001:db8:f::7', port: 10 } },
};
const ETHERNET_BYTES = 14;

/** RFC 1071: what bytes with a valid checksum of theirs add up to is 0xffff. */
function sum(of: Uint8Array): number {
  const even = Buffer.from(bytes(of, new Uint8Array(of.length % 2)));
  let total = 0;
  for (let at = 0; at < even.length; at += 2) total += even.readUInt16BE(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

describe('Ethernet frames of our own', () => {
  for (const [family, ends] of Object.entries(ENDS)) {
    const headerBytes = family === 'IPv4' ? 20 : 40;
    const addressBytes = family === 'IPv4' ? 8 : 32;
    for (const [protocol, build] of [
      [PROTOCOL.udp, udpFrame],
      [PROTOCOL.tcp, tcpFrame],
    ] as const) {
      for (const payload of ['', 'odd', 'even']) {
        it(`carry valid checksums: ${family}, protocol ${protocol}, payload «${payload}»`, () => {
          const packet = build({ ...ends, payload: Buffer.from(payload) }).subarray(ETHERNET_BYTES);
          if (family === 'IPv4') assert.equal(sum(packet.subarray(0, headerBytes)), 0xffff);
          const addresses = packet.subarray(headerBytes - addressBytes, headerBytes);
          const segment = packet.subarray(headerBytes);
          assert.equal(sum(bytes(addresses, u32(segment.length), u32(protocol), segment)), 0xffff);
          assert.deepEqual(segment.subarray(0, 4), Buffer.from(bytes(u16(9), u16(10))));
          assert.equal(segment.toString('latin1').endsWith(payload), true);
        });
      }
    }
  }

  it('are refused from an address of one family to one of the other', () => {
    const ends = { source: '192.168.1.2', destination: '2001:db8::2' };
    assert.throws(
      () => ipFrame({ ...MACS, ...ends, protocol: PROTOCOL.icmp, payload: new Uint8Array(0) }),
      /192\.168\.1\.2 and 2001:db8::2 are not of one family/,
    );
  });
});
