/**
 * qBittorrent without a window, the distribution's binary: a profile folder of its own, the torrent given on the command
 * line, the web API on loopback for status. What its libtorrent does underneath is not configured here.
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
import type { Argv, Host } from '../contracts/host.ts';
import { makeFolder, placeFile } from '../contracts/guest-folder.ts';
import { CURL, loopback } from './loopback.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, leftBehind, section, supportedBinding, switched } from './settings.ts';

/** Path of the settings inside the folder given as --profile. */
const CONFIG = 'qBittorrent/config/qBittorrent.conf';
const DATA = 'qBittorrent/data';
const RESUME = join(DATA, 'BT_backup');

const mainData = z.object({
  server_state: z.object({ dht_nodes: z.number() }),
  torrents: z
    .record(z.string(), z.object({ downloaded: z.number(), num_leechs: z.number(), num_seeds: z.number() }))
    .optional(),
});

export const qbittorrent: TorrentClient = {
  id: 'qbittorrent',
  title: 'qBittorrent (nox)',
  needs: [{ command: 'qbittorrent-nox', package: 'qbittorrent-nox' }, CURL],
  bindings: ['none', 'interface', 'address'],
  speaks: { ...SPEAKS_ALL, webrtc: false },
  changes: [
    { setting: '[LegalNotice] Accepted', reason: 'it waits for an answer on its standard input otherwise' },
    { setting: '[Preferences] WebUI\\LocalHostAuth', reason: 'status is asked from loopback without a log-in' },
    { setting: '[Preferences] WebUI\\Port', reason: 'two clients on one machine must not share a control port' },
    { setting: '[BitTorrent] Session\\Port', reason: 'the observers must know where to knock' },
    { setting: '--save-path', reason: "keeps the payload in the trial's folder" },
  ],
  persists: [{ path: RESUME, holds: 'peers' }],

  async version(host) {
    const { stdout } = await host.run(['qbittorrent-nox', '--version']);
    return /v(\S+)/.exec(stdout)?.[1] ?? stdout.trim();
  },

  async start(host, job, signal) {
    placeFile(job.stateFolder, CONFIG, configuration(job));
    makeFolder(job.stateFolder, join(DATA, 'logs'));
    const known = leftBehind(job.stateFolder, RESUME, /\.fastresume$/);
    const client = await ClientProcess.start(
      host,
      {
        client: qbittorrent.id,
        argv: known ? program(job) : [...program(job), ...torrentArguments(job)],
        env: homeIn(job.stateFolder),
        cwd: job.stateFolder,
        logFile: join(DATA, 'logs/qbittorrent.log'),
      },
      async (started) => {
        await started.line(lineWith(/ - (Added new|Restored) torrent/));
        // qBittorrent may announce before it can be asked.
        await started.line(lineWith(/Web ?UI: Now listening on/));
      },
      signal,
    );
    return running(host, job, client);
  },
};

function program(job: ClientJob): Argv {
  return ['qbittorrent-nox', `--profile=${job.stateFolder}`];
}

function torrentArguments(job: ClientJob): readonly string[] {
  const torrent = 'file' in job.torrent ? job.torrent.file : job.torrent.magnet;
  return ['--skip-dialog=true', `--save-path=${job.downloadFolder}`, torrent];
}

function configuration(job: ClientJob): string {
  const binding = bindingSettings(supportedBinding(qbittorrent, job));
  const { PortForwardingEnabled, ...switches } = switched<boolean | number | string>(qbittorrent, job.features, {
    dht: { setting: 'Session\\DHTEnabled', on: true, off: false },
    pex: { setting: 'Session\\PeXEnabled', on: true, off: false },
    lsd: { setting: 'Session\\LSDEnabled', on: true, off: false },
    utp: { setting: 'Session\\BTProtocol', on: 'Both', off: 'TCP' },
    portMapping: { setting: 'PortForwardingEnabled', on: true, off: false },
    // qBittorrent has three; these are require and disable.
    encryption: { setting: 'Session\\Encryption', on: 1, off: 2 },
  });
  return [
    section('LegalNotice', { Accepted: true }),
    section('Preferences', { 'WebUI\\LocalHostAuth': false, 'WebUI\\Port': job.controlPort }),
    section('BitTorrent', { 'Session\\Port': job.peerPort, ...binding, ...switches }),
    // Alone in a section of its own.
    section('Network', PortForwardingEnabled === undefined ? {} : { PortForwardingEnabled }),
  ].join('\n');
}

/**
 * Settings that bind qBittorrent, as its options dialogue sets them: an interface with its addresses, or one address on
 * any interface.
 */
function bindingSettings(binding: Binding): Record<string, string> {
  switch (binding.kind) {
    case 'none':
      return {};
    case 'interface':
      return { 'Session\\Interface': binding.device, 'Session\\InterfaceName': binding.device };
    case 'address':
      return { 'Session\\InterfaceAddress': binding.address4 };
  }
}

function running(host: Host, job: ClientJob, client: ClientProcess): RunningClient {
  return runningClient(client, host, {
    async status(signal) {
      const answer = await loopback(host, { port: job.controlPort, path: '/api/v2/sync/maindata' }, signal);
      const { server_state: server, torrents } = mainData.parse(JSON.parse(answer.body));
      const [torrent] = Object.values(torrents ?? {});
      return {
        downloadedBytes: torrent?.downloaded ?? 0,
        peers: (torrent?.num_leechs ?? 0) + (torrent?.num_seeds ?? 0),
        dhtNodes: server.dht_nodes,
      };
    },
  });
}
