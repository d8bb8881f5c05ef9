/**
 * The resolver: dnsmasq answering for the lab's names and for nothing else (everything else is NXDOMAIN, so that no
 * client waits for a time-out), its query log turned into events.
 *
 * The instant of an event is when the harness read the log line, some hundred microseconds to milliseconds after the
 * packet: the capture has the packet's own. Queries that are not DNS over UDP or TCP port 53 (DoH, DoT) are not seen.
 */
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { Clock } from '../contracts/clock.ts';
import type { Argv, Host, Need } from '../contracts/host.ts';
import type { InstrumentReport, RunningInstrument } from '../contracts/instrument.ts';
import { within } from '../contracts/until.ts';
import type { InstrumentEvent } from '../records/timeline.ts';

export const RESOLVER_NEEDS: readonly Need[] = [{ command: 'dnsmasq', package: 'dnsmasq-base' }];

export interface ResolverOptions {
  readonly clock: Clock;
  /** Addresses it answers on, port 53. */
  readonly addresses: readonly string[];
  /** Names and their addresses of both families; a name without one family has no record of it (NODATA). */
  readonly records: Readonly<Record<string, readonly string[]>>;
  readonly onEvent: (event: InstrumentEvent) => void;
  /** The party's name in events. */
  readonly id?: string;
}

/** Starts dnsmasq on the host; resolves once it says that it has started, which it does after binding its sockets. */
export async function startResolver(host: Host, options: ResolverOptions): Promise<RunningInstrument> {
  const id = options.id ?? 'resolver-0';
  const process = await host.spawn(dnsmasqArgv(options));
  const log: string[] = [];
  let stopping = false;
  const started = new Promise<void>((resolve, reject) => {
    createInterface({ input: process.stderr }).on('line', (line) => {
      const atNs = options.clock.nowNs();
      const query = parseQuery(line);
      if (query !== null) options.onEvent({ kind: 'resolver-query', atNs, party: id, ...query });
      else if (log.push(line) > LOG_LINES) log.shift();
      if (line.includes(': started, version ')) resolve();
    });
    void process.exited.then(({ code, signal }) => {
      reject(new Error(`dnsmasq on ${host.name} ended (${code ?? signal}) before it answered: ${log.join(' | ')}`));
    });
  });
  await within(started, {
    what: `dnsmasq on ${host.name} to start`,
    patienceMs: PATIENCE_MS,
    detail: () => log.join(' | ') || '(no message)',
  });
  let blind: string | null = null;
  void process.exited.then(({ code, signal }) => {
    if (!stopping) blind = `dnsmasq ended by itself (${code ?? signal}): ${log.slice(-3).join(' | ')}`;
  });
  return {
    id,
    async stop(): Promise<InstrumentReport> {
      stopping = true;
      process.signal('SIGTERM');
      await process.exited;
      return { dropped: null, blind };
    },
  };
}

/** Milliseconds: it starts in some, which may be seconds on a machine with many labs. */
const PATIENCE_MS = 20_000;
/** Kept for the error message when it cannot start. */
const LOG_LINES = 20;

function dnsmasqArgv({ addresses, records }: ResolverOptions): Argv {
  return [
    'dnsmasq',
    '--conf-file=/dev/null',
    '--keep-in-foreground',
    '--user=root',
    '--pid-file=',
    '--no-resolv',
    '--no-poll',
    '--no-hosts',
    '--log-queries=extra',
    '--log-facility=-',
    '--bind-interfaces',
    ...addresses.map((address) => `--listen-address=${address}`),
    // host-record and not address: a name with one family only must give NODATA, not NXDOMAIN, for the other.
    ...Object.entries(records).flatMap(([name, all]) => all.map((address) => `--host-record=${name},${address}`)),
    '--address=/#/',
  ];
}

const querySchema = z.object({
  address: z.string(),
  port: z.coerce.number().int(),
  type: z.string(),
  name: z.string(),
});

/** `dnsmasq[7]: 12 192.0.2.1/4242 query[AAAA] name.example from 192.0.2.1`; null for every other line. */
export function parseQuery(
  line: string,
): { sourceAddress: string; sourcePort: number; name: string; type: string } | null {
  const match = /: \d+ (?<address>\S+)\/(?<port>\d+) query\[(?<type>[^\]]+)\] (?<name>\S+) from /.exec(line);
  const query = querySchema.safeParse(match?.groups).data;
  return query === undefined
    ? null
    : { sourceAddress: query.address, sourcePort: query.port, name: query.name, type: query.type };
}
