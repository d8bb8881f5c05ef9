/**
 * An invented uplink capture for benchmarks: mostly the tunnel's datagrams in both directions, cut to 128 bytes as sealed
 * captures are, and among them clear packets of the usual classes and link housekeeping. Says nothing about any client.
 */
import { writeFileSync } from 'node:fs';
import { ADDRESS, ENDPOINT_PORT, SWARM, dhtNode } from '../contracts/addresses.ts';
import { LINK } from '../analysis/capture/frame.ts';
import { interfaceBlock, packetBlock, sectionBlock } from '../analysis/capture/pcapng-write.ts';
import { randomStream } from '../analysis/statistics/random.ts';
import { type PortFrame, ethernetFrame, tcpFrame, udpFrame } from '../probes/ethernet-frame.ts';
import type { Endpoint } from '../records/identity.ts';
import { pcapHeader, pcapRecordHeader } from '../records/pcap.ts';
import { ETHERTYPE } from '../records/protocols.ts';
import { NS_PER_SECOND_BIG } from '../records/units.ts';

export const BENCH_ENDPOINT = { address: ADDRESS.vpn.v4, port: ENDPOINT_PORT };
export const BENCH_CLIENT = {
  mac: null,
  real: [ADDRESS.client.v4, ADDRESS.client.v6],
  tunnel: [ADDRESS.tunnelClient.v4, ADDRESS.tunnelClient.v6],
  endpoints: [BENCH_ENDPOINT],
};

export const BENCH_CLIENT_MAC = '02:00:00:00:01:02';
const ROUTER_MAC = '02:00:00:00:01:01';
const SNAP_BYTES = 128;
/** Share of the frames that are the tunnel's. */
const TUNNEL_SHARE = 0.9;
/** Distinct frames; the file repeats them in random order. */
const VARIETY = 2000;
const ORIGIN_UNIX_NS = 1_735_689_600n * NS_PER_SECOND_BIG;
const STEP_NS = 20_000;

interface Frame {
  readonly data: Uint8Array;
  readonly original: number;
}

/** Writes `frames` frames as a pcap file of microseconds, which every reader knows, or as pcapng. */
export function writeUplinkCapture(file: string, format: 'pcap' | 'pcapng', frames: number, seed = 1): void {
  const random = randomStream(seed, 'uplink capture');
  const pool = Array.from({ length: VARIETY }, (_, at) =>
    at < VARIETY * TUNNEL_SHARE ? tunnelFrame(at) : otherFrame(at),
  );
  const parts: Uint8Array[] =
    format === 'pcap'
      ? [pcapHeader('micro', LINK.ethernet)]
      : [sectionBlock('bench'), interfaceBlock(LINK.ethernet, 'uplink')];
  for (let at = 0; at < frames; at++) {
    const frame = pool[random.below(VARIETY)];
    if (frame === undefined) throw new Error(`unreachable: the pool has ${VARIETY} frames`);
    const unixNs = ORIGIN_UNIX_NS + BigInt(at) * BigInt(STEP_NS);
    parts.push(
      ...(format === 'pcap'
        ? [pcapRecordHeader('micro', unixNs, frame.data.length, frame.original), frame.data]
        : [packetBlock({ interfaceId: 0, unixNs, data: frame.data, original: frame.original, comments: [] })]),
    );
  }
  writeFileSync(file, Buffer.concat(parts));
}

function tunnelFrame(at: number): Frame {
  const payload = Buffer.alloc(at % 3 === 0 ? 96 : 1452, at & 0xff);
  payload.writeUInt32LE(4, 0);
  const local = { address: ADDRESS.client.v4, port: 40_000 };
  return snapped(udpFrame({ ...between(local, BENCH_ENDPOINT, at % 2 === 0), payload }), SNAP_BYTES);
}

/** Clear packets and housekeeping, in turn, over some fifty flows. */
function otherFrame(at: number): Frame {
  const host = at % 12;
  const local = { address: at % 5 === 0 ? ADDRESS.tunnelClient.v4 : ADDRESS.client.v4, port: 51_413 };
  const udpWith = (address: string, port: number, payload: Uint8Array): Frame =>
    snapped(udpFrame({ ...between(local, { address, port }, at % 3 !== 0), payload }));
  const tcpTo = (address: string, port: number, localPort: number, payload: Uint8Array): Frame =>
    snapped(tcpFrame({ ...between({ ...local, port: localPort }, { address, port }, true), payload }));
  switch (at % 7) {
    case 0:
      return udpWith(dhtNode(host), 6881, Buffer.from(`d1:ad2:id20:${'i'.repeat(20)}e1:q4:ping1:t2:aa1:y1:qe`));
    case 1:
      return udpWith(dhtNode(host), 51_413, Buffer.concat([Buffer.of(0x21, 0), Buffer.alloc(18, at & 0xff)]));
    case 2:
      return udpWith(ADDRESS.resolver.v4, 53, Buffer.alloc(40, at & 0xff));
    case 3:
      return udpWith('239.192.152.143', 6771, Buffer.from('BT-SEARCH * HTTP/1.1\r\nInfohash: 0\r\n\r\n'));
    case 4: {
      const request = Buffer.from(`GET /announce?info_hash=${'h'.repeat(20)} HTTP/1.1\r\n\r\n`);
      return tcpTo(SWARM.tracker.v4, 6969, local.port + host, request);
    }
    case 5:
      return tcpTo(dhtNode(host), 51_413, local.port, Buffer.alloc(1200, at & 0xff));
    default:
      return snapped(ethernetFrame(BENCH_CLIENT_MAC, ROUTER_MAC, ETHERTYPE.arp, Buffer.alloc(46)));
  }
}

/** Both ends of a frame, on the link and beyond. */
function between(local: Endpoint, remote: Endpoint, outgoing: boolean): Omit<PortFrame, 'payload'> {
  return outgoing
    ? { sourceMac: BENCH_CLIENT_MAC, destinationMac: ROUTER_MAC, source: local, destination: remote }
    : { sourceMac: ROUTER_MAC, destinationMac: BENCH_CLIENT_MAC, source: remote, destination: local };
}

function snapped(bytes: Uint8Array, snap = 2048): Frame {
  return { data: bytes.subarray(0, snap), original: bytes.length };
}
