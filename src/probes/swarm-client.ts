/**
 * The harness's hold on the two programs, the swarm and the neighbour: starts them on their hosts, parses what they
 * say, hands sightings on, and ends them.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Host } from '../contracts/host.ts';
import type { RunningInstrument } from '../contracts/instrument.ts';
import type { InstrumentEvent } from '../records/timeline.ts';
import { canaryOf } from './canary.ts';
import type { CanaryInstrument, CanaryWatch } from './canary-watch.ts';
import { startLineProgram } from '../programs/line-program.ts';
import { type NeighbourConfig, neighbourLineSchema } from './neighbour/neighbour-config.ts';
import { type CanaryLine, type SwarmConfig, swarmLineSchema } from './swarm/swarm-config.ts';

interface ProgramOptions<Config> {
  readonly config: Config;
  /** Every sighting of real traffic, in the order the program had them. Canaries go to the watch alone. */
  readonly onEvent: (event: InstrumentEvent) => void;
  readonly watch: CanaryWatch;
  readonly signal?: AbortSignal;
}

export interface RunningSwarm extends RunningInstrument {
  readonly infoHash: string;
  /** Ends telling of marked members: from now on nobody is told. */
  forgetMarked(): void;
}

export interface RunningNeighbour extends RunningInstrument {
  /** Sends one canary to every instrument of the swarm; what they see goes to the watch. */
  sendCanaries(nonce: string): void;
}

/** Starts the swarm; resolves when all its members listen. */
export async function startSwarm(host: Host, options: ProgramOptions<SwarmConfig>): Promise<RunningSwarm> {
  const file = path.join(host.folder, 'swarm.json');
  await writeFile(file, JSON.stringify(options.config));
  const program = await startLineProgram(
    host,
    'probes/swarm/swarm-program',
    file,
    swarmLineSchema,
    (line) => {
      if ('canary' in line) options.watch.saw(INSTRUMENT_OF_LINE[line.canary], line.nonce);
      else if ('kind' in line) passOn(line, options);
    },
    options.signal,
  );
  if (!('ready' in program.first)) throw new Error(`The swarm's first line is not its ready line.`);
  return {
    id: 'swarm',
    infoHash: program.first.infoHash,
    forgetMarked: () => program.tell({ command: 'forget' }),
    stop: () => program.stop(),
  };
}

/** Starts the neighbour; resolves when it has joined every group. */
export async function startNeighbour(host: Host, options: ProgramOptions<NeighbourConfig>): Promise<RunningNeighbour> {
  const program = await startLineProgram(
    host,
    'probes/neighbour/neighbour-program',
    JSON.stringify(options.config),
    neighbourLineSchema,
    (line) => {
      if ('kind' in line) passOn(line, options);
    },
    options.signal,
  );
  return {
    id: 'neighbour',
    sendCanaries: (nonce) => program.tell({ command: 'canary', nonce }),
    stop: () => program.stop(),
  };
}

/** Sorts the resolver's events, which come by another way, as the swarm's are sorted. */
export function passOn(
  event: InstrumentEvent,
  { watch, onEvent }: { readonly watch: CanaryWatch; readonly onEvent: (event: InstrumentEvent) => void },
): void {
  const nonce = canaryOf(event);
  if (nonce === null) onEvent(event);
  else watch.saw(instrumentOf(event), nonce);
}

const INSTRUMENT_OF_LINE = { sink: 'sink', stun: 'stun', 'peer-utp': 'peer-utp' } as const satisfies Record<
  CanaryLine['canary'],
  CanaryInstrument
>;

function instrumentOf(event: InstrumentEvent): CanaryInstrument {
  switch (event.kind) {
    case 'tracker-announce':
    case 'tracker-scrape':
      return event.transport === 'http' ? 'tracker-http' : 'tracker-udp';
    case 'dht-query':
      return 'dht';
    case 'neighbour-multicast':
      return 'neighbour';
    case 'resolver-query':
      return 'resolver';
    case 'stun-binding':
      return 'stun';
    case 'peer-connection':
    case 'peer-handshake':
    case 'peer-extended':
    case 'peer-pex':
    case 'peer-piece':
    case 'peer-closed':
      return 'peer-tcp';
  }
}
