/** The catalogue of real infrastructure: one line each. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host, RunningProcess } from '../../contracts/host.ts';
import { RequestError, describeExit } from '../../contracts/errors.ts';
import { abortedBy, until } from '../../contracts/until.ts';
import { aria2Dht } from './aria2-dht.ts';
import type { Expiry, Infrastructure, InfrastructureJob, RunningInfrastructure } from './infrastructure.ts';
import { libtorrentDht } from './libtorrent-dht.ts';
import { opentracker } from './opentracker.ts';
import { transmissionDht } from './transmission-dht.ts';

export const INFRASTRUCTURE: readonly Infrastructure[] = [opentracker, libtorrentDht, transmissionDht, aria2Dht];

/** Documented expiry of the instrumented swarm's own members. */
export const INSTRUMENTED_EXPIRY: Readonly<Record<Infrastructure['kind'], Expiry>> = {
  tracker: {
    seconds: 20 * 60,
    windowSeconds: [20 * 60, 20 * 60],
    source: 'bittorrent-tracker lib/server/swarm.js: peersCacheTtl, 20 minutes',
  },
  dht: {
    seconds: null,
    windowSeconds: null,
    source: 'bittorrent-dht client.js: maxAge 0, record-cache then drops nothing by age',
  },
};

/** The infrastructure with that id. Throws `RequestError` with the known ids. */
export function infrastructureById(id: string): Infrastructure {
  const found = INFRASTRUCTURE.find((each) => each.id === id);
  if (found !== undefined) return found;
  const known = INFRASTRUCTURE.map((each) => each.id).join(', ');
  throw new RequestError(`There is no infrastructure «${id}». Known: ${known}.`);
}

/** Starts it on the host; its address must be there. Resolves when its socket is bound. */
export async function startInfrastructure(
  infrastructure: Infrastructure,
  host: Host,
  job: Omit<InfrastructureJob, 'folder'>,
): Promise<RunningInfrastructure> {
  const folder = join(host.folder, infrastructure.id);
  await mkdir(folder, { recursive: true, mode: 0o777 });
  const [version, argv] = await Promise.all([
    infrastructure.version(host),
    infrastructure.prepare(host, { ...job, folder }),
  ]);
  const process = await host.spawn(argv, { cwd: folder });
  process.stdout.resume();
  await listening(infrastructure, host, process);
  let blind: string | null = null;
  let stopping = false;
  void process.exited.then((status) => {
    if (!stopping) blind = `${infrastructure.id} ended by itself with ${describeExit(status)}`;
  });
  return {
    id: infrastructure.id,
    infrastructure,
    version,
    async stop() {
      stopping = true;
      process.signal('SIGKILL');
      await process.exited;
      return { dropped: null, blind };
    },
  };
}

/** How often and for how long the host's socket table is looked at: none of the four says when it listens. */
const LOOK_MS = 100;
const PATIENCE_MS = 20_000;

async function listening({ id, address, port }: Infrastructure, host: Host, process: RunningProcess): Promise<void> {
  let said = '';
  process.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-1000)));
  const words = (): string => said.trim() || '(no message)';
  const asked = ['ss', '-Hlun', 'src', address, 'and', 'sport', '=', `:${port}`] as const;
  await until(async () => (await host.run(asked)).stdout.trim() !== '', {
    what: `${id} to listen on ${address}:${port}`,
    everyMs: LOOK_MS,
    patienceMs: PATIENCE_MS,
    signal: abortedBy(
      process.exited,
      (status) => new Error(`${id} ended with ${describeExit(status)} before it listened: ${words()}`),
    ),
    detail: words,
  });
}
