import assert from 'node:assert/strict';
import { ROUTER_MAC, bytes, ethernet, frame, hex, ip, tcp, u16, u32, udp, udpFrame } from '../../kit/frames.ts';
import {
  CLEAR,
  ENDPOINT,
  ENDPOINT_PORT,
  HOUSEKEEPING,
  INNER,
  PING,
  REAL,
  STRANGER,
  arp,
  tunnelFrame,
} from '../../kit/planted.ts';
import { CLIENT, Judge } from '../../kit/judged.ts';

const NOWHERE = { mac: null };
const PING4 = ip({ protocol: 17, from: REAL.v4, to: STRANGER.v4, payload: udp(1, 2, PING) });
const PING6 = ip({ protocol: 17, from: REAL.v6, to: STRANGER.v6, payload: udp(1, 2, PING) });
const TO_ENDPOINT = { protocol: 17, from: REAL.v4, to: ENDPOINT.v4 };

describe('the shape of a frame', () => {
  it('may have VLAN tags', () => {
    assert.equal(new Judge().of(ethernet(0x0800, PING4, { vlans: [7] })), 'dht v4 real');
    assert.equal(new Judge().of(ethernet(0x86dd, PING6, { vlans: [7, 8] })), 'dht v6 real');
    assert.equal(new Judge().of(tunnelFrame(REAL.v4, 'v4', { vlans: [7] })), 'tunnel');
    assert.equal(new Judge().of(arp(REAL.v4, { vlans: [7] })), 'arp');
  });

  it('may have IPv4 options and IPv6 extension headers', () => {
    const options = hex('01010101 94040000');
    const payload = udp(1, 2, PING);
    assert.equal(
      new Judge().of(frame({ protocol: 17, from: REAL.v4, to: STRANGER.v4, payload, options })),
      'dht v4 real',
    );
    const tunnelled = udp(1, ENDPOINT_PORT, new Uint8Array(40));
    assert.equal(new Judge().of(frame({ ...TO_ENDPOINT, payload: tunnelled, options })), 'tunnel');
    const extensions = [
      { number: 0, body: hex('00050200000100') },
      { number: 43, body: bytes(1, new Uint8Array(14)) },
      { number: 51, body: bytes(2, new Uint8Array(14)) },
      { number: 60, body: hex('00010400000000') },
    ];
    assert.equal(
      new Judge().of(frame({ protocol: 17, from: REAL.v6, to: STRANGER.v6, payload, extensions })),
      'dht v6 real',
    );
  });

  it('may be a chain of extension headers without end', () => {
    const extensions = Array.from({ length: 60 }, () => ({ number: 60, body: hex('00010400000000') }));
    const data = frame({ protocol: 17, from: REAL.v6, to: STRANGER.v6, payload: udp(1, 2, PING), extensions });
    assert.equal(new Judge().of(data), 'other v6 real');
  });

  it('may be a fragment of the tunnel’s, which has no port', () => {
    const later = (fragment: number): Uint8Array => frame({ ...TO_ENDPOINT, payload: new Uint8Array(64), fragment });
    assert.equal(new Judge().of(later(0x0010)), 'tunnel');
    assert.equal(
      new Judge().of(frame({ ...TO_ENDPOINT, protocol: 6, payload: new Uint8Array(64), fragment: 16 })),
      'other v4 real',
    );
    assert.equal(
      new Judge().of(frame({ ...TO_ENDPOINT, payload: udp(1, ENDPOINT_PORT, new Uint8Array(8)), fragment: 0x2000 })),
      'tunnel',
    );
  });
});

describe('the shape of a frame as it was captured', () => {
  it('may be padded to the least length of Ethernet', () => {
    const judge = new Judge();
    const syn = frame({ protocol: 6, from: REAL.v4, to: STRANGER.v4, payload: tcp(40000, 6000, bytes(), 2) });
    assert.equal(judge.of(bytes(syn, '\x13BitTorrent protocol')), 'other v4 real', 'padding is no payload');
  });

  it('may say it is too short for a port', () => {
    const data = Buffer.from(tunnelFrame(REAL.v4));
    data.writeUInt16BE(22, 16);
    assert.equal(new Judge().of(data), 'other v4 real');
  });

  it('may say its length is 0, as segmentation offload leaves it', () => {
    const data = Buffer.from(frame({ protocol: 17, from: REAL.v4, to: STRANGER.v4, payload: udp(1, 2, PING) }));
    data.writeUInt16BE(0, 16);
    assert.equal(new Judge().of(data), 'dht v4 real');
  });

  it('may be cut at any byte: nothing is read beyond, and nothing made up', () => {
    for (const { build, class: name } of CLEAR) {
      for (const version of ['v4', 'v6'] as const) {
        const whole = build(REAL[version], version);
        for (let length = 0; length < whole.length; length++) {
          const verdict = new Judge().of(whole.subarray(0, length), { original: whole.length });
          if (length < 14) assert.equal(verdict, 'not leaving', 'no source address');
          else
            assert.match(
              verdict,
              new RegExp(`^(other|icmp|${name}) ${version} (real|other)$`),
              `${name}, ${length} bytes`,
            );
        }
      }
    }
    for (const { class: name, bytes: whole } of HOUSEKEEPING) {
      for (let length = 14; length < whole.length; length++) {
        const verdict = new Judge().of(whole.subarray(0, length), { original: whole.length });
        assert.ok(verdict === name || /^(other|icmp) /.test(verdict), `${name}, ${length} bytes: ${verdict}`);
      }
    }
  });

  it('may be of any link type, with or without an Ethernet address', () => {
    const mac = hex('02 00 00 00 01 02');
    const cooked = (address: Uint8Array): Uint8Array =>
      bytes(u16(4), u16(1), u16(6), address, u16(0), u16(0x0800), PING4);
    const cooked2 = (address: Uint8Array): Uint8Array =>
      bytes(u16(0x86dd), u16(0), u32(2), u16(1), 4, 6, address, u16(0), PING6);
    for (const client of [CLIENT, { ...CLIENT, ...NOWHERE }]) {
      const judge = (data: Uint8Array, linkType: number): string => new Judge(client).of(data, { linkType });
      assert.equal(judge(cooked(mac), 113), 'dht v4 real');
      assert.equal(judge(cooked2(mac), 276), 'dht v6 real');
      for (const linkType of [12, 101, 228]) assert.equal(judge(PING4, linkType), 'dht v4 real');
      for (const linkType of [12, 101, 229]) assert.equal(judge(PING6, linkType), 'dht v6 real');
      for (const family of [hex('02000000'), hex('00000002')]) {
        for (const linkType of [0, 108]) assert.equal(judge(bytes(family, PING4), linkType), 'dht v4 real');
      }
      for (const family of ['18000000', '1c000000', '0000001e', '0a000000']) {
        assert.equal(judge(bytes(hex(family), PING6), 0), 'dht v6 real');
      }
      assert.equal(judge(PING4, 127), 'not leaving');
    }
    assert.equal(new Judge(CLIENT).of(cooked(hex('02 00 00 00 01 01')), { linkType: 113 }), 'not leaving');
  });
});

describe('without the client’s Ethernet address', () => {
  const judge = (): Judge => new Judge({ ...CLIENT, ...NOWHERE });

  it('frames leave by their source address', () => {
    assert.equal(judge().of(udpFrame(REAL.v4, STRANGER.v4, [1, 2], PING)), 'dht v4 real');
    assert.equal(judge().of(udpFrame(INNER.v6, STRANGER.v6, [1, 2], PING)), 'dht v6 tunnel');
    assert.equal(judge().of(udpFrame(STRANGER.v4, REAL.v4, [1, 2], PING, { from: ROUTER_MAC })), 'not leaving');
  });

  it('refuses addresses that make no sense', () => {
    assert.throws(() => new Judge({ ...CLIENT, mac: '02:00' }), /«02:00» is not an Ethernet address/);
    assert.throws(() => new Judge({ ...CLIENT, real: ['localhost'] }), /«localhost» is not an IP address/);
  });
});
