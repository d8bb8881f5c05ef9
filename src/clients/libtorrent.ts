/**
 * libtorrent-rasterbar itself, through its Python binding as the distribution packages it, with a driver of a few lines
 * and the library's default settings: the reference for the clients built on it. The driver keeps the session's state and
 * the torrent's resume data, as the library's own example client does.
 */
import { join } from 'node:path';
import * as z from 'zod';
import {
  SPEAKS_ALL,
  type Binding,
  type ClientJob,
  type RunningClient,
  type TorrentClient,
} from '../contracts/client.ts';
import type { Host } from '../contracts/host.ts';
import { placeFile } from '../contracts/guest-folder.ts';
import { PYTHON_LIBTORRENT, libtorrentVersion, pythonArgv } from '../programs/python.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, supportedBinding, switched } from './settings.ts';

/** Name of the driver's job file in the state folder. */
const JOB = 'libtorrent-job.json';

const statusSchema = z.object({
  report: z.literal('status'),
  downloadedBytes: z.number(),
  peers: z.number(),
  dhtNodes: z.number(),
});

export const libtorrent: TorrentClient = {
  id: 'libtorrent',
  title: 'libtorrent (Python)',
  needs: [PYTHON_LIBTORRENT],
  bindings: ['none', 'interface', 'address'],
  speaks: { ...SPEAKS_ALL, webrtc: false },
  changes: [
    { setting: 'listen_interfaces', reason: 'the observers must know where to knock' },
    { setting: 'dht_bootstrap_nodes', reason: "the lab's DHT routers instead of the public one by name" },
    { setting: 'alert_mask', reason: 'its alerts are the log' },
  ],
  persists: [
    { path: 'session', holds: 'dht' },
    { path: 'resume', holds: 'peers' },
  ],

  version: libtorrentVersion,

  async start(host, job, signal) {
    placeFile(job.stateFolder, JOB, JSON.stringify(driverJob(job), null, 2));
    const client = await ClientProcess.start(
      host,
      {
        client: libtorrent.id,
        argv: await pythonArgv('clients/libtorrent-driver.py', join(job.stateFolder, JOB)),
        env: homeIn(job.stateFolder),
        cwd: job.stateFolder,
      },
      async (started) => {
        await started.line(lineWith(/^{"report": "accepted"}$/));
      },
      signal,
    );
    return running(host, client);
  },
};

function driverJob(job: ClientJob): object {
  const { pex, ...settings } = switched<boolean | number>(libtorrent, job.features, {
    dht: { setting: 'enable_dht', on: true, off: false },
    pex: { setting: 'pex', on: true, off: false },
    lsd: { setting: 'enable_lsd', on: true, off: false },
    portMapping: [
      { setting: 'enable_upnp', on: true, off: false },
      { setting: 'enable_natpmp', on: true, off: false },
    ],
    utp: [
      { setting: 'enable_incoming_utp', on: true, off: false },
      { setting: 'enable_outgoing_utp', on: true, off: false },
    ],
    // enc_policy: pe_forced, pe_disabled.
    encryption: [
      { setting: 'in_enc_policy', on: 0, off: 2 },
      { setting: 'out_enc_policy', on: 0, off: 2 },
    ],
  });
  const bootstrap = job.dhtBootstrap.map(({ address, port }) => `${address}:${port}`).join(',');
  return {
    state: job.stateFolder,
    downloads: job.downloadFolder,
    file: 'file' in job.torrent ? job.torrent.file : null,
    magnet: 'magnet' in job.torrent ? job.torrent.magnet : null,
    // Peer exchange is not a setting of the session but a flag of the torrent.
    pex: pex ?? true,
    settings: {
      ...interfaces(supportedBinding(libtorrent, job), job.peerPort),
      ...(bootstrap === '' ? {} : { dht_bootstrap_nodes: bootstrap }),
      ...settings,
    },
  };
}

function interfaces(binding: Binding, port: number): Record<string, string> {
  switch (binding.kind) {
    case 'none':
      return { listen_interfaces: `0.0.0.0:${port},[::]:${port}` };
    case 'interface':
      return { listen_interfaces: `${binding.device}:${port}`, outgoing_interfaces: binding.device };
    case 'address':
      return {
        listen_interfaces: `${binding.address4}:${port},[${binding.address6}]:${port}`,
        outgoing_interfaces: `${binding.address4},${binding.address6}`,
      };
  }
}

function running(host: Host, client: ClientProcess): RunningClient {
  return runningClient(client, host, {
    async status(signal) {
      const answer = (line: string) =>
        line.startsWith('{"report": "status"') ? statusSchema.parse(JSON.parse(line)) : undefined;
      const { downloadedBytes, peers, dhtNodes } = await client.ask('status', answer, signal);
      return { downloadedBytes, peers, dhtNodes };
    },
    stop: (patienceSeconds) => client.stop(patienceSeconds, ({ stdin }) => stdin.write('stop\n')),
  });
}
