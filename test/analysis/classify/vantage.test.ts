/** Where a capture was taken, and what it says of the client in whatever order its frames are. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CaptureSummary, summariseCapture } from '../../../src/analysis/classify/capture-summary.ts';
import type { ClientIdentity } from '../../../src/analysis/classify/classifier.ts';
import {
  CLIENT_MAC,
  ROUTER_MAC,
  bytes,
  ethernet,
  frame,
  hex,
  icmpFrame,
  ip,
  pcap,
  u16,
  u32,
  udp,
  udpFrame,
} from '../../kit/frames.ts';
import { CLIENT } from '../../kit/judged.ts';
import { ENDPOINT, ENDPOINT_PORT, INNER, PING, REAL, STRANGER, arp, tunnelFrame } from '../../kit/planted.ts';
import { withFolder } from '../../kit/scratch.ts';

const UNKNOWN: ClientIdentity = { ...CLIENT, mac: null };
const V4_ONLY: ClientIdentity = { ...UNKNOWN, real: [REAL.v4] };
const COOKED = 113;
const COOKED2 = 276;
const RAW = 101;
const ARPHRD = { ethernet: 1, loopback: 772, none: 65_534 } as const;
const IN = 0;
const OUT = 4;

async function summary(
  frames: readonly Uint8Array[],
  client: ClientIdentity = UNKNOWN,
  linkType = 1,
): Promise<CaptureSummary> {
  return withFolder(async (folder) => {
    const file = join(folder, 'a.pcap');
    await writeFile(
      file,
      pcap(
        frames.map((data, at) => ({ atNs: at * 1000, bytes: data })),
        { linkType },
      ),
    );
    return summariseCapture(file, client);
  });
}

const clearOf = ({ clear }: CaptureSummary): string[] =>
  clear.map((row) => `${row.class} ${row.family} ${row.packets}`);

const PING4 = ip({ protocol: 17, from: REAL.v4, to: STRANGER.v4, payload: udp(6881, 6881, PING) });
const PING6 = ip({ protocol: 17, from: REAL.v6, to: STRANGER.v6, payload: udp(6881, 6881, PING) });
const INNER4 = ip({ protocol: 17, from: INNER.v4, to: STRANGER.v4, payload: udp(6881, 6881, PING) });
const TUNNEL = ip({
  protocol: 17,
  from: REAL.v4,
  to: ENDPOINT.v4,
  payload: udp(43_210, ENDPOINT_PORT, new Uint8Array(60)),
});
const typeOf = (packet: Uint8Array): number => (packet[0]! >> 4 === 6 ? 0x86dd : 0x0800);

/** A packet in a capture of «any», in the newer form and the older. */
function any2(device: number, type: number, direction: number, packet: Uint8Array, mac: string | null): Uint8Array {
  const address = mac === null ? new Uint8Array(8) : bytes(hex(mac), u16(0));
  return bytes(u16(typeOf(packet)), u16(0), u32(device), u16(type), direction, mac === null ? 0 : 6, address, packet);
}
function any1(type: number, direction: number, packet: Uint8Array, mac: string | null): Uint8Array {
  const address = mac === null ? new Uint8Array(8) : bytes(hex(mac), u16(0));
  return bytes(u16(direction), u16(type), u16(mac === null ? 0 : 6), address, u16(typeOf(packet)), packet);
}

describe('the Ethernet address of the client', () => {
  for (const [how, teacher] of Object.entries({
    'an IP packet': udpFrame(REAL.v4, STRANGER.v4, [1, 2], PING),
    'an ARP request': arp(REAL.v4),
    'the tunnel’s datagram': tunnelFrame(REAL.v4),
  })) {
    it(`is learnt from ${how}, for frames before it too`, async () => {
      const others = [
        udpFrame(REAL.v6, STRANGER.v6, [6881, 6881], PING),
        icmpFrame('fe80::9', 'ff02::2', 133, {}, 255),
        ethernet(0x88cc, new Uint8Array(46)),
        ethernet(0x88cc, new Uint8Array(46), { from: ROUTER_MAC }),
      ];
      const after = await summary([teacher, ...others], V4_ONLY);
      const before = await summary([...others, teacher], V4_ONLY);
      for (const { others: rest, housekeeping, clear } of [after, before]) {
        assert.equal(rest.packets, 1);
        assert.ok(housekeeping.some((row) => row.class === 'ndp' && row.packets === 1));
        assert.ok(clear.some((row) => row.class === 'dht' && row.family === 'v6' && row.packets === 1));
      }
      assert.deepEqual(clearOf(after).sort(), clearOf(before).sort());
    });
  }

  it('is none where several hosts send from it, as beyond a router', async () => {
    const hosts = [2, 7, 8, 9].map((host) => udpFrame(`192.168.1.${host}`, STRANGER.v4, [6881, 6881], PING));
    for (const frames of [hosts, hosts.toReversed()]) {
      const found = await summary(frames, V4_ONLY);
      assert.deepEqual(clearOf(found), ['dht v4 1']);
      assert.deepEqual(
        found.senders.map(({ mac, shared }) => [mac, shared]),
        [[CLIENT_MAC, true]],
      );
    }
    const hosts6 = [2, 7, 8, 9].map((host) => udpFrame(`2001:db8:1::${host}`, STRANGER.v6, [6881, 6881], PING));
    assert.deepEqual(clearOf(await summary(hosts6)), ['dht v6 1']);
  });

  it('is none where it sends router advertisements', async () => {
    const frames = [
      udpFrame(REAL.v4, STRANGER.v4, [6881, 6881], PING),
      icmpFrame('fe80::1', 'ff02::1', 134, {}, 255),
      udpFrame('2001:db8:1::9', STRANGER.v6, [6881, 6881], PING),
    ];
    assert.deepEqual(clearOf(await summary(frames, V4_ONLY)), ['dht v4 1']);
  });

  it('that was given is believed', async () => {
    const hosts = [2, 7].map((host) => udpFrame(`192.168.1.${host}`, STRANGER.v4, [6881, 6881], PING));
    assert.deepEqual(clearOf(await summary(hosts, CLIENT)), ['dht v4 1', 'dht v4 1']);
  });
});

describe('a capture of any device', () => {
  const zero = '00:00:00:00:00:00';
  const laptop = [
    any2(1, ARPHRD.loopback, IN, ip({ protocol: 17, from: REAL.v4, to: REAL.v4, payload: udp(1, 9999, PING) }), zero),
    any2(3, ARPHRD.none, OUT, INNER4, null),
    any2(2, ARPHRD.ethernet, OUT, TUNNEL, CLIENT_MAC),
    any2(2, ARPHRD.ethernet, OUT, PING4, CLIENT_MAC),
    any2(2, ARPHRD.ethernet, OUT, PING6, CLIENT_MAC),
  ];

  it('on the client counts what leaves, not the loopback nor what enters the tunnel', async () => {
    for (const client of [UNKNOWN, V4_ONLY]) {
      const found = await summary(laptop, client, COOKED2);
      assert.deepEqual(clearOf(found).sort(), ['dht v4 1', 'dht v6 1']);
      assert.deepEqual([found.inner.packets, found.tunnel.packets], [2, 1]);
    }
    const older = [
      any1(ARPHRD.loopback, IN, ip({ protocol: 17, from: REAL.v4, to: REAL.v4, payload: udp(1, 9999, PING) }), zero),
      any1(ARPHRD.none, OUT, INNER4, null),
      any1(ARPHRD.ethernet, OUT, TUNNEL, CLIENT_MAC),
      any1(ARPHRD.ethernet, OUT, PING4, CLIENT_MAC),
    ];
    assert.deepEqual(clearOf(await summary(older, UNKNOWN, COOKED)), ['dht v4 1']);
  });

  it('counts a packet from the tunnel’s address on the uplink', async () => {
    const found = await summary([...laptop, any2(2, ARPHRD.ethernet, OUT, INNER4, CLIENT_MAC)], UNKNOWN, COOKED2);
    // Seen on the tunnel's device and then on the uplink it has left, whatever it did before.
    assert.ok(found.clear.some(({ source }) => source === 'tunnel'));
  });

  it('on a router counts a packet once that goes through it', async () => {
    const forwarded = (build: (out: boolean, mac: string) => Uint8Array): Uint8Array[] =>
      Array.from({ length: 5 }, () => [build(false, CLIENT_MAC), build(true, ROUTER_MAC)]).flat();
    const newer = forwarded((out, mac) => any2(out ? 4 : 2, ARPHRD.ethernet, out ? OUT : IN, PING6, mac));
    const found = await summary(newer, UNKNOWN, COOKED2);
    assert.deepEqual([clearOf(found), found.again.packets], [['dht v6 5'], 5]);
    const older = forwarded((out, mac) => any1(ARPHRD.ethernet, out ? OUT : IN, PING6, mac));
    assert.deepEqual(clearOf(await summary(older, UNKNOWN, COOKED)), ['dht v6 5']);
  });
});

describe('a capture of a device without link addresses', () => {
  it('is of inner packets where only the tunnel’s addresses send', async () => {
    const found = await summary([INNER4, INNER4], UNKNOWN, RAW);
    assert.deepEqual([clearOf(found), found.inner.packets], [[], 2]);
  });

  it('is of the uplink where the tunnel’s datagrams leave, or the real addresses send', async () => {
    assert.deepEqual(clearOf(await summary([INNER4, TUNNEL], UNKNOWN, RAW)), ['dht v4 1']);
    assert.deepEqual(clearOf(await summary([INNER4, PING4], UNKNOWN, RAW)).sort(), ['dht v4 1', 'dht v4 1']);
  });
});

describe('a frame in PPPoE', () => {
  const pppoe = (protocol: Uint8Array, packet: Uint8Array): Uint8Array =>
    ethernet(0x8864, bytes(0x11, 0, u16(1), u16(protocol.length + packet.length), protocol, packet));

  it('is judged by the packet in it', async () => {
    const found = await summary([pppoe(u16(0x21), PING4), pppoe(u16(0x57), PING6), pppoe(bytes(0x21), PING4)], V4_ONLY);
    assert.deepEqual(clearOf(found).sort(), ['dht v4 2', 'dht v6 1']);
    const tunnel = await summary([pppoe(u16(0x21), TUNNEL)], V4_ONLY);
    assert.equal(tunnel.tunnel.packets, 1);
  });
});

describe('link housekeeping', () => {
  const to = (from: number, port: number, v6: boolean, payload: Uint8Array): Uint8Array =>
    frame({
      protocol: 17,
      from: v6 ? REAL.v6 : REAL.v4,
      to: v6 ? STRANGER.v6 : STRANGER.v4,
      payload: udp(from, port, payload),
    });

  it('is not what only bears its port or its type', async () => {
    const found = await summary([
      ...[to(6881, 68, false, PING), to(6881, 67, false, PING), to(68, 67, false, PING)],
      ...[to(6881, 547, true, PING), to(546, 547, true, PING)],
      ...[130, 131, 132, 133, 135, 136, 143].map((type) => icmpFrame(REAL.v6, STRANGER.v6, type)),
    ]);
    assert.deepEqual(found.housekeeping, []);
    assert.deepEqual(clearOf(found), ['dht v4 3', 'dht v6 2', 'icmp v6 7']);
  });
});
