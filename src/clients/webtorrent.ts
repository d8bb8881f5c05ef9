/**
 * WebTorrent, the npm package, run as its own Node.js program (webtorrent-program.ts) with WebRTC on as in its default.
 * It has no option to bind to an interface or address.
 */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { SPEAKS_ALL, type ClientJob, type RunningClient, type TorrentClient } from '../contracts/client.ts';
import type { Host } from '../contracts/host.ts';
import { programArgv } from '../programs/program.ts';
import { ClientProcess, runningClient } from './client-process.ts';
import { homeIn, supportedBinding, switched } from './settings.ts';

/** What the program is told: the package's own options, and nothing that is left at its default. */
export const programJobSchema = z.object({
  torrent: z.string(),
  downloadFolder: z.string(),
  options: z.object({
    torrentPort: z.number(),
    dhtPort: z.number(),
    dht: z.union([z.literal(false), z.object({ bootstrap: z.array(z.string()) })]).optional(),
    utPex: z.boolean().optional(),
    lsd: z.boolean().optional(),
    natUpnp: z.boolean().optional(),
    natPmp: z.boolean().optional(),
    utp: z.boolean().optional(),
    secure: z.number().optional(),
  }),
});
type ProgramJob = z.infer<typeof programJobSchema>;

/** What the program says, one JSON object a line. */
const reportSchema = z.discriminatedUnion('report', [
  z.object({ report: z.literal('accepted') }),
  z.object({
    report: z.literal('status'),
    downloadedBytes: z.number(),
    peers: z.number(),
    dhtNodes: z.number().nullable(),
  }),
]);
export type Report = z.infer<typeof reportSchema>;

export const webtorrent: TorrentClient = {
  id: 'webtorrent',
  title: 'WebTorrent (Node.js)',
  needs: [],
  bindings: ['none'],
  speaks: SPEAKS_ALL,
  changes: [
    { setting: 'torrentPort, dhtPort', reason: 'the observers must know where to knock' },
    { setting: 'dht.bootstrap', reason: "the lab's DHT routers instead of the public ones by name" },
    { setting: 'path', reason: "keeps the payload in the trial's folder" },
  ],
  persists: [],

  async version() {
    // Loading the package takes half a second; its description does not.
    const description = await readFile(new URL('package.json', import.meta.resolve('webtorrent')), 'utf8');
    return z.object({ version: z.string() }).parse(JSON.parse(description)).version;
  },

  async start(host, job, signal) {
    supportedBinding(webtorrent, job);
    const client = await ClientProcess.start(
      host,
      {
        client: webtorrent.id,
        argv: [...programArgv('clients/webtorrent-program'), JSON.stringify(programJob(job))],
        env: homeIn(job.stateFolder),
        cwd: job.stateFolder,
      },
      async (started) => {
        await started.line((line) => reportOf(line, 'accepted'));
      },
      signal,
    );
    return running(host, client);
  },
};

function programJob(job: ClientJob): ProgramJob {
  const { dht, ...switches } = switched<boolean | number>(webtorrent, job.features, {
    dht: { setting: 'dht', on: true, off: false },
    pex: { setting: 'utPex', on: true, off: false },
    lsd: { setting: 'lsd', on: true, off: false },
    portMapping: [
      { setting: 'natUpnp', on: true, off: false },
      { setting: 'natPmp', on: true, off: false },
    ],
    utp: { setting: 'utp', on: true, off: false },
    // WebTorrent has three: off, encrypted with plain as a fallback, encrypted only.
    encryption: { setting: 'secure', on: 2, off: 0 },
  });
  const bootstrap = job.dhtBootstrap.map(({ address, port }) => `${address}:${port}`);
  return programJobSchema.parse({
    torrent: 'file' in job.torrent ? job.torrent.file : job.torrent.magnet,
    downloadFolder: job.downloadFolder,
    options: {
      torrentPort: job.peerPort,
      // One port for both is not possible: the package opens uTP and DHT as two UDP sockets.
      dhtPort: job.peerPort + 1,
      ...switches,
      ...(dht === false ? { dht } : bootstrap.length > 0 ? { dht: { bootstrap } } : {}),
    },
  });
}

function reportOf<K extends Report['report']>(line: string, kind: K): Extract<Report, { report: K }> | undefined {
  if (!line.startsWith('{"report":')) return undefined;
  const report = reportSchema.parse(JSON.parse(line));
  return isKind(report, kind) ? report : undefined;
}

function isKind<K extends Report['report']>(report: Report, kind: K): report is Extract<Report, { report: K }> {
  return report.report === kind;
}

function running(host: Host, client: ClientProcess): RunningClient {
  return runningClient(client, host, {
    async status(signal) {
      const { downloadedBytes, peers, dhtNodes } = await client.ask(
        'status',
        (line) => reportOf(line, 'status'),
        signal,
      );
      return { downloadedBytes, peers, dhtNodes };
    },
    stop: (patienceSeconds) => client.stop(patienceSeconds, ({ stdin }) => stdin.write('stop\n')),
  });
}
