/**
 * Benchmark of the classifier: packets a second from file to counts, beside the tools a person would otherwise use, timed
 * in the same run on captures of the same frames. tcpdump and tshark select the clear packets and name none of them, so
 * they do less. Their times include starting them; ours include the compiler's warming up.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAtExit } from '../contracts/leaving.ts';
import { promisify } from 'node:util';
import { median } from 'simple-statistics';
import { readCapture } from '../analysis/capture/read-capture.ts';
import { summariseCapture } from '../analysis/classify/capture-summary.ts';
import type { Need } from '../contracts/host.ts';
import { findCommand } from '../harness/labs/provision.ts';
import type { Bench } from './bench.ts';
import { type BenchRow, benchRow } from './row.ts';
import { BENCH_CLIENT, BENCH_CLIENT_MAC, BENCH_ENDPOINT, writeUplinkCapture } from './uplink-capture.ts';
import { US_PER_SECOND } from '../records/units.ts';

const UNIT = 'packets/s';
const RUNS = 7;
const FRAMES = 2_000_000;
/** Number of runs for peers that are slower by orders of magnitude. */
const SLOW_RUNS = 5;
const SLOW_FRAMES = 400_000;
/** Packets a second of one core: an hour's capture at 1,000 packets a second in under a second. */
const FLOOR = 5_000_000;

const { address: ENDPOINT, port: PORT } = BENCH_ENDPOINT;
/** Clear packets, as libpcap and as Wireshark select them. */
const LIBPCAP_FILTER = [
  `ether src ${BENCH_CLIENT_MAC}`,
  `not (udp and dst host ${ENDPOINT} and dst port ${PORT})`,
  'not arp and not igmp and not (udp and (dst port 67 or dst port 68 or dst port 546 or dst port 547))',
  'not (icmp6 and ((ip6[40] >= 130 and ip6[40] <= 137) or ip6[40] = 143))',
].join(' and ');
const DISPLAY_FILTER = [
  `eth.src == ${BENCH_CLIENT_MAC}`,
  `!(ip.dst == ${ENDPOINT} && udp.dstport == ${PORT})`,
  '!arp && !igmp && !(udp.dstport in {67, 68, 546, 547})',
  '!(icmpv6.type >= 130 && icmpv6.type <= 137) && !(icmpv6.type == 143)',
].join(' && ');

const TCPDUMP: Need = { command: 'tcpdump', package: 'tcpdump' };
const TSHARK: Need = { command: 'tshark', package: 'tshark' };

export const classificationBench: Bench = { needs: () => Promise.resolve([TCPDUMP, TSHARK]), measure };

async function measure(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ksl-bench-'));
  removeAtExit(folder);
  try {
    const pcap = join(folder, 'uplink.pcap');
    const pcapng = join(folder, 'uplink.pcapng');
    const short = join(folder, 'short.pcap');
    writeUplinkCapture(pcap, 'pcap', FRAMES);
    writeUplinkCapture(pcapng, 'pcapng', FRAMES);
    writeUplinkCapture(short, 'pcap', SLOW_FRAMES);

    const classified = (file: string, frames: number): Work => ({
      frames,
      run: () => summariseCapture(file, BENCH_CLIENT),
    });
    const tcpdump = tool(TCPDUMP, ['-r', pcap, '-w', '/dev/null', LIBPCAP_FILTER], FRAMES);
    const tshark = tool(TSHARK, ['-n', '-r', short, '-Y', DISPLAY_FILTER], SLOW_FRAMES);
    const read: Work = { frames: SLOW_FRAMES, run: () => readCapture(short, null, () => undefined) };
    const parser: Work = { frames: SLOW_FRAMES, run: () => parseWithPeer(short) };

    return [
      await compare('classify pcap', classified(pcap, FRAMES), RUNS, 'tcpdump -r -w /dev/null FILTER', tcpdump),
      await compare('classify pcap', classified(pcap, FRAMES), SLOW_RUNS, 'tshark -Y FILTER', tshark),
      await compare('read pcap', read, SLOW_RUNS, 'pcap-parser', parser),
      await floorRow('classify pcapng', classified(pcapng, FRAMES)),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Work {
  readonly frames: number;
  readonly run: () => Promise<unknown>;
}

/** Times the two in turn, so that a disturbance of the machine meets both. */
async function compare(name: string, ours: Work, runs: number, peer: string, theirs: Work): Promise<BenchRow> {
  const our: number[] = [];
  const their: number[] = [];
  for (let run = 0; run < runs; run++) {
    our.push(...(await rates(ours, 1)));
    their.push(...(await rates(theirs, 1)));
  }
  return benchRow(name, UNIT, our, { name: peer, value: median(their) });
}

/**
 * Row of the comparison with the floor, in processor time: other programs on the machine do not make this one slower.
 */
async function floorRow(name: string, { frames, run }: Work): Promise<BenchRow> {
  const found: number[] = [];
  for (let count = 0; count < RUNS; count++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    found.push((frames * US_PER_SECOND) / (user + system));
  }
  return benchRow(name, `${UNIT} of one core`, found, { name: 'floor', value: FLOOR });
}

/** Frames a second of each run. */
async function rates({ frames, run }: Work, runs: number): Promise<number[]> {
  const found: number[] = [];
  for (let count = 0; count < runs; count++) {
    const began = performance.now();
    await run();
    found.push((frames * 1000) / (performance.now() - began));
  }
  return found;
}

function tool({ command }: Need, args: readonly string[], frames: number): Work {
  // Where provisioning looks, which may not be where this process' search path leads.
  const program = findCommand(command) ?? command;
  return { frames, run: () => promisify(execFile)(program, [...args], { maxBuffer: 1 << 28 }) };
}

async function parseWithPeer(file: string): Promise<void> {
  const { parse } = await import('pcap-parser');
  await new Promise<void>((resolve, reject) => {
    parse(file).on('end', resolve).on('error', reject);
  });
}
