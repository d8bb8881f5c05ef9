import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Clock } from '../../src/contracts/clock.ts';
import type { Identity } from '../../src/records/identity.ts';
import { CANARY_PORT } from '../../src/records/canary.ts';
import { canaryBytes, canaryNonce, nonceIn } from '../../src/probes/canary.ts';
import { startCapture } from '../../src/probes/capture.ts';
import { startCounters } from '../../src/probes/counters.ts';
import { PcapStream, type CapturedFrame } from '../../src/probes/pcap-stream.ts';
import { udpFrame } from '../../src/probes/ethernet-frame.ts';
import { startRawFrameSender } from '../../src/probes/raw-frame-sender.ts';
import { link, openHost, type TestHost } from '../kit/namespace-host.ts';

const CLIENT_MAC = '02:00:00:00:00:02';
const ROUTER_MAC = '02:00:00:00:00:01';
const ENDPOINT = { address: '198.51.100.10', port: 51_820 };
const SECOND = { address: '198.51.100.11', port: 51_821 };
const identity: Identity = {
  clientMac: CLIENT_MAC,
  lan4: '192.168.1.2',
  lan6: '2001:db8:1::2',
  wan4: '203.0.113.2',
  tunnel4: '10.8.0.2',
  tunnel6: null,
  exit4: '198.51.100.10',
  exit6: null,
  endpoint: ENDPOINT,
  otherEndpoints: [SECOND],
};

/** An Ethernet frame with a raw payload. */
function frame(source: string, etherType: number, payload: readonly number[]): Buffer {
  const mac = (text: string): number[] => text.split(':').map((part) => Number.parseInt(part, 16));
  return Buffer.from([...mac(ROUTER_MAC), ...mac(source), etherType >> 8, etherType & 0xff, ...payload]);
}

function datagram(source: string, to: { address: string; port: number }, payload: Uint8Array, port = 40_000): Buffer {
  return udpFrame({
    sourceMac: source,
    destinationMac: ROUTER_MAC,
    source: { address: '192.168.1.2', port },
    destination: to,
    payload,
  });
}

/** What a DHCP client sends: BOOTP's fixed part, and its cookie behind. */
function dhcpDiscover(): Buffer {
  const message = Buffer.alloc(260);
  message.set([1, 1, 6]);
  message.writeUInt32BE(0x63825363, 236);
  return message;
}

/** IPv6 header, hop-by-hop router alert, ICMPv6 of the type: how MLD reports look, at a hop limit of 1. */
function mldReport(type: number, hops = 1): number[] {
  const icmp = [type, 0, 0, 0, 0, 0, 0, 0];
  const hopByHop = [58, 0, 5, 2, 0, 0, 1, 0];
  const address = [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 2];
  const group = [0xff, 0x02, ...Array.from({ length: 13 }, () => 0), 0x16];
  return [0x60, 0, 0, 0, 0, hopByHop.length + icmp.length, 0, hops, ...address, ...group, ...hopByHop, ...icmp];
}

/** Ethernet address of nobody in the lab. */
const STRANGER = '02:00:00:00:00:03';

/** An IPv4 packet of ICMP. */
const icmp = (type: number, code: number): number[] => {
  const echo = udpFrame({
    sourceMac: CLIENT_MAC,
    destinationMac: ROUTER_MAC,
    source: { address: '192.168.1.2', port: 0 },
    destination: ENDPOINT,
    payload: new Uint8Array(0),
  });
  const header = [...echo.subarray(14, 34)];
  header[9] = 1;
  return [...header, type, code, ...Array.from({ length: 6 }, () => 0)];
};

/** Frames of every kind: each has a length of its own, so that its arrival can be told and the next one sent. */
const CASES: { kind: 'tunnel' | 'housekeeping' | 'clear' | 'other'; bytes: Buffer }[] = [
  { kind: 'tunnel', bytes: datagram(CLIENT_MAC, ENDPOINT, Buffer.alloc(148)) },
  { kind: 'clear', bytes: datagram(CLIENT_MAC, { ...ENDPOINT, port: 53 }, Buffer.alloc(149)) },
  { kind: 'clear', bytes: datagram(CLIENT_MAC, { address: '198.18.100.1', port: 51_820 }, Buffer.alloc(150)) },
  { kind: 'tunnel', bytes: datagram(CLIENT_MAC, SECOND, Buffer.alloc(160)) },
  { kind: 'clear', bytes: datagram(CLIENT_MAC, { ...SECOND, port: ENDPOINT.port }, Buffer.alloc(161)) },
  { kind: 'clear', bytes: datagram(CLIENT_MAC, { ...ENDPOINT, port: SECOND.port }, Buffer.alloc(162)) },
  {
    kind: 'clear',
    bytes: datagram(CLIENT_MAC, { ...ENDPOINT, port: CANARY_PORT }, Buffer.alloc(163), CANARY_PORT),
  },
  { kind: 'tunnel', bytes: datagram(CLIENT_MAC, ENDPOINT, Buffer.alloc(164), CANARY_PORT) },
  { kind: 'other', bytes: datagram(STRANGER, { address: '198.18.100.1', port: 6881 }, Buffer.alloc(151)) },
  {
    kind: 'housekeeping',
    bytes: datagram(CLIENT_MAC, { address: '255.255.255.255', port: 67 }, dhcpDiscover(), 68),
  },
  {
    kind: 'clear',
    bytes: datagram(
      CLIENT_MAC,
      { address: '198.18.100.1', port: 67 },
      Buffer.concat([dhcpDiscover(), Buffer.alloc(1)]),
    ),
  },
  { kind: 'clear', bytes: datagram(CLIENT_MAC, { address: '198.18.100.1', port: 67 }, Buffer.alloc(270), 68) },
  {
    kind: 'housekeeping',
    bytes: frame(
      CLIENT_MAC,
      0x0806,
      Array.from({ length: 46 }, () => 0),
    ),
  },
  { kind: 'housekeeping', bytes: frame(CLIENT_MAC, 0x86dd, mldReport(143)) },
  { kind: 'clear', bytes: frame(CLIENT_MAC, 0x86dd, [...mldReport(128), 0, 0]) },
  { kind: 'clear', bytes: frame(CLIENT_MAC, 0x86dd, [...mldReport(143, 64), 0, 0, 0]) },
  { kind: 'clear', bytes: frame(CLIENT_MAC, 0x86dd, [...mldReport(133, 64), 0, 0, 0, 0]) },
  { kind: 'housekeeping', bytes: frame(CLIENT_MAC, 0x86dd, [...mldReport(133, 255), 0, 0, 0, 0, 0]) },
  {
    kind: 'housekeeping',
    bytes: frame(CLIENT_MAC, 0x0800, [...icmp(3, 3), ...Array.from({ length: 40 }, () => 0)]),
  },
  { kind: 'clear', bytes: frame(CLIENT_MAC, 0x0800, [...icmp(8, 0), ...Array.from({ length: 41 }, () => 0)]) },
  {
    kind: 'clear',
    bytes: frame(
      CLIENT_MAC,
      0x88cc,
      Array.from({ length: 99 }, () => 0),
    ),
  },
];

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve: () => resolve() };
}

let client: TestHost;
let router: TestHost;

function besideEachOther(): void {
  it('agree on every kind of frame, frame by frame', async () => {
    const clock = new Clock();
    const seen: CapturedFrame[] = [];
    const wanted = new Map<number, () => void>();
    const capture = await startCapture(
      { host: router, device: 'uplink' },
      {
        file: path.join(router.folder, 'uplink.pcap'),
        clock,
        onFrame: (captured) => {
          seen.push({ ...captured, bytes: Buffer.from(captured.bytes) });
          wanted.get(captured.bytes.length)?.();
        },
      },
    );
    capture.follow();
    const counters = await startCounters({ host: router, device: 'uplink' }, identity);
    const sender = await startRawFrameSender(client, 'eth0');
    const { witness: before } = await counters.read();

    const expected = { tunnel: 0, housekeeping: 0, clear: 0 };
    for (const { kind, bytes } of CASES) {
      if (kind !== 'other') expected[kind]++;
      const arrived = new Promise<void>((resolve) => wanted.set(bytes.length, resolve));
      const sent = await sender.send(bytes, clock);
      await arrived;
      const captured = seen.find((one) => one.bytes.equals(bytes));
      assert.ok(captured, `a ${kind} frame of ${bytes.length} bytes was captured whole`);
      assert.ok(captured.atNs >= sent.beforeNs, 'not stamped before it was written');
    }
    const { witness: counted, canaries } = await counters.read();
    const report = await capture.stop();
    await sender.stop();
    await counters.stop();

    // The client's kernel sends housekeeping of its own (router solicitations); it is in the capture, too.
    const own = seen.filter(
      ({ bytes }) =>
        bytes.toString('hex', 6, 12) === CLIENT_MAC.replaceAll(':', '') &&
        !CASES.some((one) => one.bytes.equals(bytes)),
    ).length;
    assert.equal(counted.tunnel - before.tunnel, expected.tunnel);
    assert.equal(counted.clear - before.clear, expected.clear);
    assert.equal(canaries, 1, 'from the canaries’ port, of the clear frames alone');
    assert.ok(counted.housekeeping - before.housekeeping >= expected.housekeeping);
    assert.ok(counted.housekeeping - before.housekeeping <= expected.housekeeping + own);
    assert.deepEqual(report, { packets: seen.length, dropped: 0, blind: null });

    let again = 0;
    new PcapStream(clock.originUnixNs, () => again++).push(await readFile(path.join(router.folder, 'uplink.pcap')));
    assert.equal(again, seen.length, 'the file holds what was handed on live');
  });
}

function ofSingleFrames(): void {
  it('see a canary leave beneath a firewall that drops everything', async () => {
    const clock = new Clock();
    await client.run(['ip', 'addr', 'add', '192.168.1.2/24', 'dev', 'eth0']);
    await client.run(['nft', '-f', '-'], {
      input:
        'table inet wall { chain out { type filter hook output priority 0; policy drop; }\n' +
        'chain in { type filter hook input priority 0; policy drop; }\n}',
    });
    const blocked = await client.run(['ping', '-c', '1', '-W', '1', '192.168.1.1'], { anyStatus: true });
    assert.notEqual(blocked.status.code, 0, 'the firewall holds');

    const nonce = canaryNonce();
    const { promise: arrived, resolve } = deferred();
    const capture = await startCapture(
      { host: router, device: 'uplink' },
      {
        file: path.join(router.folder, 'canary.pcap'),
        clock,
        onFrame: (captured) => {
          if (nonceIn(captured.bytes) === nonce) resolve();
        },
      },
    );
    capture.follow();
    const sender = await startRawFrameSender(client, 'eth0');
    await sender.send(datagram(CLIENT_MAC, { address: '198.18.0.7', port: 9 }, canaryBytes(nonce)), clock);
    await arrived;
    await sender.stop();
    await capture.stop();
  });

  it('are loud about a device that is not there', async () => {
    const tap = { host: router, device: 'nosuch0' };
    const file = path.join(router.folder, 'none.pcap');
    await assert.rejects(startCapture(tap, { file, clock: new Clock() }), /tcpdump on nosuch0 of router ended/);
    await assert.rejects(startCounters(tap, identity), /nosuch0/);
    await assert.rejects(startRawFrameSender(router, 'nosuch0'), /socat on nosuch0 of router ended/);
  });

  it('send one frame a write: a burst without pause arrives as single frames', async () => {
    const clock = new Clock();
    const burst = 20;
    const lengths: number[] = [];
    const { promise: all, resolve } = deferred();
    const capture = await startCapture(
      { host: router, device: 'uplink' },
      {
        file: path.join(router.folder, 'burst.pcap'),
        clock,
        onFrame: ({ bytes, length }) => {
          if (nonceIn(bytes) === null) return;
          lengths.push(length);
          if (lengths.length === burst) resolve();
        },
      },
    );
    capture.follow();
    const sender = await startRawFrameSender(client, 'eth0');
    for (let index = 0; index < burst; index++) {
      await sender.send(datagram(CLIENT_MAC, { address: '198.18.0.7', port: 9 }, canaryBytes(canaryNonce())), clock);
    }
    await all;
    await sender.stop();
    await capture.stop();
    assert.deepEqual(new Set(lengths), new Set([14 + 20 + 8 + 20]));
  });
}

describe('witnesses on the uplink', () => {
  before(async () => {
    client = await openHost('client');
    router = await openHost('router');
    await link(client, 'eth0', router, 'uplink');
    await client.run(['ip', 'link', 'set', 'eth0', 'address', CLIENT_MAC]);
  });
  after(async () => {
    await client.close();
    await router.close();
  });

  describe('beside each other', besideEachOther);
  describe('of single frames', ofSingleFrames);
});
