/**
 * The watch outside the labs: every interface of the machine itself, loopback included, looked at during a whole campaign
 * for frames that bear an address of the lab. There can be none: labs, in namespaces or in containers, have no link to the
 * machine. One is one too many.
 *
 * The addresses are of ranges for documentation and benchmarks (RFC 5737, 2544, 3849), and private ones of the home
 * network and the tunnel. One that lies in a network the machine itself is in says nothing and is left out, by name.
 *
 * The watch needs the right to capture, so root; without it there is none, and the session's record says so in words. It
 * does not see what became of a frame after it left the machine.
 */
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { BlockList, isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { OUTSIDE_CANARY, labAddresses } from '../../contracts/addresses.ts';
import { canaryBytes, canaryNonce } from '../../probes/canary.ts';
import { udpFrame } from '../../probes/ethernet-frame.ts';
import { CANARY_PORT } from '../../records/canary.ts';
import type { SessionRecord } from '../../records/session.ts';
import { RequestError } from '../../contracts/errors.ts';

type Started = Extract<SessionRecord, { event: 'started' }>;
type Ended = Extract<SessionRecord, { event: 'ended' }>;

/** Frames quoted in the record. */
const QUOTED = 10;
/** How tcpdump writes a datagram on the loopback device: from address and port to address and port. */
const LOOPBACK_LINE = / lo +\S+ +IP (\S+)\.(\d+) > (\S+)\.(\d+): /;
const CANARY_PATIENCE_MS = 5000;

/**
 * Bytes of a frame that are kept, and KiB of the ring that they wait in. Until the filter is in place, every frame of the
 * machine goes into the ring; with tcpdump's own sizes it has room for eight frames in immediate mode, and what a busy
 * machine sends in that moment is counted as missed by the watch.
 */
const RING = ['-s', '192', '-B', '16384'];

/** A frame with an address of the lab was seen outside the labs. */
export class Escaped extends RequestError {
  override readonly name = 'Escaped';

  constructor(frame: string) {
    super(
      `A frame with an address of the lab was seen outside the labs: «${frame}». The campaign was stopped, and its ` +
        'trials cannot be trusted: find what let the frame out, then start a new campaign.',
    );
  }
}

export interface OutsideWatch extends AsyncDisposable {
  readonly description: Started['watch'];
  /** Ends it; null where nothing was watched. */
  stop(): Promise<Ended['escaped']>;
}

/**
 * Starts the watch; resolves when it has seen its own canary. `onTrouble` is told `Escaped` for every frame that did, and
 * when the watch itself ends before its time. Throws when the watch could be expected to work and does not.
 */
export async function watchOutside(onTrouble: (error: Error) => void): Promise<OutsideWatch> {
  if (process.getuid?.() !== 0) return noWatch('capturing on the machine’s own interfaces takes root');
  const own = ownNetworks();
  const isOwn = (address: string): boolean => own.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  const leftOut = labAddresses().filter(isOwn);
  const addresses = labAddresses().filter((address) => !isOwn(address));
  const tcpdump = new Tcpdump([...addresses, OUTSIDE_CANARY.source], onTrouble);
  await tcpdump.proved();
  return {
    description: { kind: 'armed', addresses, leftOut },
    stop: () => tcpdump.stop(),
    [Symbol.asyncDispose]: async () => {
      await tcpdump.stop();
    },
  };
}

function noWatch(reason: string): OutsideWatch {
  return {
    description: { kind: 'none', reason },
    stop: () => Promise.resolve(null),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

class Tcpdump {
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  readonly #onTrouble: (error: Error) => void;
  readonly #ended: Promise<void>;
  readonly #listening: Promise<void>;
  readonly #canaryPort = 1024 + Math.floor(Math.random() * 60_000);
  readonly #said: string[] = [];
  readonly #first: string[] = [];
  #frames = 0;
  #stopping = false;
  #sawCanary: () => void = () => undefined;

  constructor(addresses: readonly string[], onTrouble: (error: Error) => void) {
    this.#onTrouble = onTrouble;
    const filter = addresses.map((address) => `host ${address}`).join(' or ');
    const tcpdump = ['tcpdump', '-i', 'any', '-n', '-l', '--immediate-mode', '-Z', 'root', ...RING, filter];
    this.#process = spawn('setpriv', ['--pdeathsig=KILL', ...tcpdump], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const exited = new Promise<void>((resolve) => {
      this.#process.once('error', () => resolve());
      this.#process.once('close', () => resolve());
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#onLine(line));
    this.#listening = new Promise((resolve, reject) => {
      createInterface({ input: this.#process.stderr }).on('line', (line) => {
        this.#said.push(line);
        if (line.includes('listening on')) resolve();
      });
      void exited.then(() => {
        const error = new Error(`The watch outside the labs ended by itself: ${this.#said.join(' | ')}`);
        reject(error);
        if (!this.#stopping) onTrouble(error);
      });
    });
    this.#listening.catch(() => undefined); // told by proved()
    this.#ended = exited;
  }

  async proved(): Promise<void> {
    await this.#listening;
    const seen = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error('The watch outside the labs missed its canary.')),
        CANARY_PATIENCE_MS,
      );
      this.#sawCanary = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    sendOnLoopback(this.#canaryPort);
    await seen;
  }

  async stop(): Promise<NonNullable<Ended['escaped']>> {
    this.#stopping = true;
    this.#process.kill('SIGINT');
    await this.#ended;
    const dropped = /^(\d+) packets? dropped by kernel/m.exec(this.#said.join('\n'))?.[1];
    return { frames: this.#frames, dropped: dropped === undefined ? null : Number(dropped), first: this.#first };
  }

  #onLine(line: string): void {
    if (line === '') return;
    const canary = canaryPortIn(line);
    if (canary !== null) {
      // Another campaign beside this one proves its watch in the same way.
      if (canary === this.#canaryPort) this.#sawCanary();
      return;
    }
    this.#frames += 1;
    if (this.#first.length < QUOTED) this.#first.push(line);
    this.#onTrouble(new Escaped(line));
  }
}

/** The port that a watch's own canary came from, in a line of tcpdump; null for every other frame. */
function canaryPortIn(line: string): number | null {
  const [, source, sourcePort, destination, port] = LOOPBACK_LINE.exec(line) ?? [];
  const own = source === OUTSIDE_CANARY.source && destination === OUTSIDE_CANARY.destination;
  return own && Number(port) === CANARY_PORT ? Number(sourcePort) : null;
}

/** Hands one raw frame to the loopback device: captures see it, and the kernel drops it as coming from nowhere. */
function sendOnLoopback(sourcePort: number): void {
  const frame = udpFrame({
    sourceMac: '00:00:00:00:00:00',
    destinationMac: '00:00:00:00:00:00',
    source: { address: OUTSIDE_CANARY.source, port: sourcePort },
    destination: { address: OUTSIDE_CANARY.destination, port: CANARY_PORT },
    payload: canaryBytes(canaryNonce()),
  });
  execFileSync('socat', ['-u', 'STDIN', 'INTERFACE:lo'], { input: frame, stdio: ['pipe', 'ignore', 'pipe'] });
}

/** The networks the machine is itself in: where it meets hosts that happen to have an address of the lab. */
function ownNetworks(): BlockList {
  const networks = new BlockList();
  for (const { address, cidr, family } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
    networks.addSubnet(address, Number(cidr?.split('/')[1] ?? 0), family === 'IPv6' ? 'ipv6' : 'ipv4');
  }
  return networks;
}
