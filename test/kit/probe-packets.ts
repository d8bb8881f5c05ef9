/**
 * Probe packets for the compliance suites: small datagrams the client sends on purpose, each to a port of its own, and a
 * capture on the router's side of the uplink that tells which of them came out in the clear. What a probe that is seen
 * means is for the suite to say; here nothing is expected.
 */
import { once } from 'node:events';
import * as z from 'zod';
import type { Argv, Host, RunningProcess } from '../../src/contracts/host.ts';
import type { Lab } from '../../src/contracts/lab.ts';
import { eachLine } from '../../src/programs/lines.ts';

interface Probe {
  readonly name: 'v4' | 'v6' | 'bound4' | 'bound6' | 'dns' | 'lan' | 'multicast';
  /** Address in the words of socat(1). */
  readonly to: string;
  readonly port: number;
}
export type ProbeName = Probe['name'];

const BOUND = 'so-bindtodevice=eth0';

/** Where probes go: as any program would send them, and tied to the physical device (`bound`). */
const PROBES: readonly Probe[] = [
  { name: 'v4', to: 'UDP4-SENDTO:198.18.0.7:40001', port: 40001 },
  { name: 'v6', to: 'UDP6-SENDTO:[2001:db8:f::10]:40002', port: 40002 },
  { name: 'bound4', to: `UDP4-SENDTO:198.18.0.7:40003,${BOUND}`, port: 40003 },
  { name: 'bound6', to: `UDP6-SENDTO:[2001:db8:f::10]:40004,${BOUND}`, port: 40004 },
  { name: 'dns', to: 'UDP4-SENDTO:203.0.113.53:53', port: 53 },
  { name: 'lan', to: 'UDP4-SENDTO:192.168.1.3:40005', port: 40005 },
  { name: 'multicast', to: `UDP4-SENDTO:239.192.152.143:6771,${BOUND}`, port: 6771 },
];

const neighboursSchema = z.array(z.looseObject({ dst: z.string(), lladdr: z.string().optional() }));

/**
 * Makes the client's neighbours known for good, so that a probe leaves at once or not at all: one that waits for an
 * address to be resolved would come out after the suite has stopped looking.
 */
export async function knowNeighbours(client: Host): Promise<void> {
  for (const address of ['192.168.1.1', '192.168.1.3', '2001:db8:1::1']) {
    await client.run(['ping', '-n', '-c', '1', '-w', '5', address]);
  }
  const { stdout } = await client.run(['ip', '-json', 'neigh', 'show', 'dev', 'eth0']);
  for (const { dst, lladdr } of neighboursSchema.parse(JSON.parse(stdout))) {
    if (lladdr === undefined) continue;
    await client.run(['ip', 'neigh', 'replace', dst, 'lladdr', lladdr, 'dev', 'eth0', 'nud', 'permanent']);
  }
}

/** The names of the probes that came out on the uplink. */
export async function sendProbes(lab: Lab, sender: Host): Promise<readonly ProbeName[]> {
  await using tap = await Tap.open(lab);
  for (const probe of PROBES) await send(sender, probe.to);
  await tap.flush();
  return PROBES.filter((probe) => tap.ports.has(probe.port)).map((probe) => probe.name);
}

/**
 * Sends a packet as the user that torrent clients run as; a refusal by the packet filter is a status, and an answer.
 */
async function send(host: Host, to: string): Promise<void> {
  const argv: Argv = ['socat', '-u', '-', to];
  const process = await host.spawn(argv, { unprivileged: true });
  process.stdin.end('probe');
  await process.exited;
}

/** tcpdump on the router's side of the uplink, for datagrams from the client. */
class Tap implements AsyncDisposable {
  readonly ports = new Set<number>();
  readonly #lab: Lab;
  readonly #process: RunningProcess;
  #onMarker: (() => void) | null = null;

  private constructor(lab: Lab, process: RunningProcess) {
    this.#lab = lab;
    this.#process = process;
    eachLine(process.stdout, (line) => {
      if (line.includes('ICMP echo request')) this.#onMarker?.();
      const port = / > \S+\.(\d+): UDP/.exec(line)?.[1];
      if (port !== undefined) this.ports.add(Number(port));
    });
  }

  static async open(lab: Lab): Promise<Tap> {
    const mac = lab.identity.clientMac;
    const filter = `(ether src ${mac} and udp and not port 51820) or (icmp[icmptype] == icmp-echo)`;
    // As root: in a container nobody else's process can be ended.
    const argv: Argv = ['tcpdump', '-Z', 'root', '-i', lab.uplink.device, '-n', '-l', '--immediate-mode', '-q', filter];
    const process = await lab.uplink.host.spawn(argv);
    // «listening on uplink, ...» comes when packets are being taken.
    await once(process.stderr, 'data');
    return new Tap(lab, process);
  }

  /** Resolves when everything that crossed the uplink until now has been seen: a packet of the router's own came last. */
  async flush(): Promise<void> {
    const seen = new Promise<void>((resolve) => (this.#onMarker = resolve));
    await this.#lab.uplink.host.run(['ping', '-c', '1', '-W', '1', this.#lab.identity.lan4], { anyStatus: true });
    await seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.signal('SIGKILL');
    await this.#process.exited;
  }
}
