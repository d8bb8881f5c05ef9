/**
 * Deluge's daemon, the distribution's binary: core.conf, and its own RPC (TLS and rencode on loopback), which
 * deluge-rpc.py speaks from the client's host. What its libtorrent does underneath is not configured here.
 *
 * Its session is made with libtorrent's own settings before those of its users are applied (core/core.py, then
 * core/preferencesmanager.py), so that DHT, local discovery and port mapping begin at each start also where they are
 * switched off.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { SPEAKS_ALL, type ClientJob, type RunningClient, type TorrentClient } from '../contracts/client.ts';
import type { Host } from '../contracts/host.ts';
import { placeFile } from '../contracts/guest-folder.ts';
import { pythonArgv } from '../programs/python.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, leftBehind, supportedBinding, switched } from './settings.ts';

type Call = readonly [method: string, arguments: readonly unknown[]];

const LOGIN = 'localclient';
const statusSchema = z.record(z.string(), z.object({ all_time_download: z.number(), num_peers: z.number() }));
const sessionSchema = z.object({ 'dht.dht_nodes': z.number() });

export const deluge: TorrentClient = {
  id: 'deluge',
  title: 'Deluge (daemon)',
  needs: [{ command: 'deluged', package: 'deluged' }],
  bindings: ['none', 'interface', 'address'],
  speaks: { ...SPEAKS_ALL, webrtc: false },
  changes: [
    { setting: 'daemon_port', reason: 'two clients on one machine must not share a control port' },
    { setting: 'random_port, listen_ports', reason: 'the observers must know where to knock' },
    { setting: 'download_location', reason: "keeps the payload in the trial's folder" },
    { setting: '--loglevel info', reason: 'the log tells when the daemon takes requests' },
  ],
  persists: [
    { path: 'session.state', holds: 'dht' },
    { path: 'state/torrents.fastresume', holds: 'peers' },
  ],

  async version(host) {
    const { stdout } = await host.run(['deluged', '--version'], { env: { HOME: host.folder } });
    return /deluged (\S+)/.exec(stdout)?.[1] ?? stdout.trim();
  },

  async start(host, job, signal) {
    const password = randomBytes(16).toString('hex');
    placeFile(job.stateFolder, 'core.conf', configuration(job));
    placeFile(job.stateFolder, 'auth', `${LOGIN}:${password}:10\n`);
    const known = leftBehind(job.stateFolder, 'state', /\.torrent$|^torrents\.fastresume$/);
    const program = await pythonArgv('clients/deluge-rpc.py');
    const call = async (calls: readonly Call[], abort?: AbortSignal): Promise<unknown> => {
      const input = JSON.stringify({ port: job.controlPort, login: [LOGIN, password], calls });
      const options = abort === undefined ? { input } : { input, signal: abort };
      const { stdout } = await host.run(program, options);
      const answer: unknown = JSON.parse(stdout);
      return answer;
    };
    const client = await ClientProcess.start(
      host,
      {
        client: deluge.id,
        argv: ['deluged', '--do-not-daemonize', '--config', job.stateFolder, '--loglevel', 'info'],
        env: homeIn(job.stateFolder),
        cwd: job.stateFolder,
      },
      async (started) => {
        // Deluge's own lines come late or not at all where Python is newer than 3.10 (its logger fails); this one is Twisted's.
        await started.line(lineWith(new RegExp(`starting on ${job.controlPort}`)));
        // Answered once its main loop runs, with its torrents loaded.
        await call([known ? ['core.get_session_state', []] : await addCall(job)], signal);
      },
      signal,
    );
    return running(host, client, call);
  },
};

async function addCall(job: ClientJob): Promise<Call> {
  if ('magnet' in job.torrent) return ['core.add_torrent_magnet', [job.torrent.magnet, {}]];
  const content = await readFile(job.torrent.file, 'base64');
  return ['core.add_torrent_file', ['job.torrent', content, {}]];
}

function configuration(job: ClientJob): string {
  const binding = supportedBinding(deluge, job);
  const settings = {
    daemon_port: job.controlPort,
    random_port: false,
    listen_ports: [job.peerPort, job.peerPort],
    download_location: job.downloadFolder,
    ...(binding.kind === 'interface' ? { listen_interface: binding.device, outgoing_interface: binding.device } : {}),
    // Each of its two fields takes one address.
    ...(binding.kind === 'address' ? { listen_interface: binding.address4, outgoing_interface: binding.address4 } : {}),
    ...switched<boolean | number>(deluge, job.features, {
      dht: { setting: 'dht', on: true, off: false },
      pex: { setting: 'utpex', on: true, off: false },
      lsd: { setting: 'lsd', on: true, off: false },
      portMapping: [
        { setting: 'upnp', on: true, off: false },
        { setting: 'natpmp', on: true, off: false },
      ],
      // Forced, disabled.
      encryption: [
        { setting: 'enc_in_policy', on: 0, off: 2 },
        { setting: 'enc_out_policy', on: 0, off: 2 },
      ],
    }),
  };
  // Deluge's configuration files are two JSON objects: the format's version, then the settings.
  return `${JSON.stringify({ file: 1, format: 1 })}${JSON.stringify(settings, null, 2)}`;
}

function running(
  host: Host,
  client: ClientProcess,
  call: (calls: readonly Call[], signal?: AbortSignal) => Promise<unknown>,
): RunningClient {
  return runningClient(client, host, {
    async status(signal) {
      const fields = ['all_time_download', 'num_peers'];
      const torrents = statusSchema.parse(await call([['core.get_torrents_status', [{}, fields]]], signal));
      const session = sessionSchema.parse(await call([['core.get_session_status', [['dht.dht_nodes']]]], signal));
      const [torrent] = Object.values(torrents);
      return {
        downloadedBytes: torrent?.all_time_download ?? 0,
        peers: torrent?.num_peers ?? 0,
        dhtNodes: session['dht.dht_nodes'],
      };
    },
  });
}
