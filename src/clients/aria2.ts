/**
 * aria2, the distribution's binary: everything on the command line, its JSON-RPC on loopback for status. It speaks no
 * uTP and opens no port on a gateway; an IPv6 DHT it has only when asked, which the lab does not.
 */
import * as z from 'zod';
import {
  SPEAKS_ALL,
  type Binding,
  type ClientJob,
  type RunningClient,
  type TorrentClient,
} from '../contracts/client.ts';
import type { Argv, Host } from '../contracts/host.ts';
import { CURL, loopback } from './loopback.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, leftBehind, supportedBinding, switched } from './settings.ts';

const activeSchema = z.object({
  result: z.array(z.object({ completedLength: z.coerce.number(), connections: z.coerce.number() })),
});

export const aria2: TorrentClient = {
  id: 'aria2',
  title: 'aria2',
  needs: [{ command: 'aria2c', package: 'aria2' }, CURL],
  bindings: ['none', 'interface', 'address'],
  speaks: { ...SPEAKS_ALL, utp: false, portMapping: false, webrtc: false },
  changes: [
    { setting: '--dir', reason: "keeps the payload in the trial's folder" },
    { setting: '--listen-port, --dht-listen-port', reason: 'the observers must know where to knock' },
    { setting: '--dht-entry-point', reason: "the lab's DHT; it has no entry point of its own" },
    { setting: '--enable-rpc, --rpc-listen-port', reason: 'status is asked from loopback' },
    {
      setting: '--check-integrity',
      reason: 'after a restart only: takes up a finished download instead of refusing it',
    },
    { setting: '--no-conf, --show-console-readout=false', reason: 'run unattended, on its own settings' },
  ],
  persists: [{ path: 'home/.cache/aria2/dht.dat', holds: 'dht' }],

  async version(host) {
    const { stdout } = await host.run(['aria2c', '--version']);
    return /aria2 version (\S+)/.exec(stdout)?.[1] ?? stdout.trim();
  },

  async start(host, job, signal) {
    const resumed = leftBehind(job.downloadFolder, '.', /./);
    const client = await ClientProcess.start(
      host,
      { client: aria2.id, argv: program(job, resumed), env: homeIn(job.stateFolder), cwd: job.stateFolder },
      async (started) => {
        await started.line(lineWith(/Downloading 1 item/));
      },
      signal,
    );
    return running(host, job, client);
  },
};

function program(job: ClientJob, resumed: boolean): Argv {
  const { peerPort } = job;
  const [entry] = job.dhtBootstrap;
  const options: Record<string, string> = {
    'no-conf': 'true',
    'show-console-readout': 'false',
    dir: job.downloadFolder,
    'listen-port': String(peerPort),
    'dht-listen-port': String(peerPort),
    'enable-rpc': 'true',
    'rpc-listen-port': String(job.controlPort),
    ...(entry === undefined ? {} : { 'dht-entry-point': `${entry.address}:${entry.port}` }),
    ...(resumed ? { 'check-integrity': 'true' } : {}),
    ...interfaceOption(supportedBinding(aria2, job)),
    ...switched(aria2, job.features, {
      dht: { setting: 'enable-dht', on: 'true', off: 'false' },
      pex: { setting: 'enable-peer-exchange', on: 'true', off: 'false' },
      lsd: { setting: 'bt-enable-lpd', on: 'true', off: 'false' },
      // Without this demand it offers encryption to whoever it calls, and speaks plainly to who will not have it.
      encryption: { setting: 'bt-force-encryption', on: 'true' },
    }),
  };
  const torrent = 'file' in job.torrent ? job.torrent.file : job.torrent.magnet;
  return ['aria2c', ...Object.entries(options).map(([name, value]) => `--${name}=${value}`), torrent];
}

/** One option takes either: a name, or one address. */
function interfaceOption(binding: Binding): Record<string, string> {
  switch (binding.kind) {
    case 'none':
      return {};
    case 'interface':
      return { interface: binding.device };
    case 'address':
      return { interface: binding.address4 };
  }
}

function running(host: Host, job: ClientJob, client: ClientProcess): RunningClient {
  return runningClient(client, host, {
    async status(signal) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'aria2.tellActive', params: [] });
      const answer = await loopback(host, { port: job.controlPort, path: '/jsonrpc', body }, signal);
      const [torrent] = activeSchema.parse(JSON.parse(answer.body)).result;
      return {
        downloadedBytes: torrent?.completedLength ?? 0,
        peers: torrent?.connections ?? 0,
        // aria2's RPC does not say.
        dhtNodes: null,
      };
    },
  });
}
