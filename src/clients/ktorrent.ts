/**
 * KTorrent, the distribution's binary, on Qt's offscreen platform with a session bus of its own: ktorrentrc for its
 * settings, D-Bus for the torrent and for status. Its HTTP announces are made by a helper process of KDE's (kioslave5),
 * which it starts as it needs it. Its local discovery is mDNS, not BEP 14, and off; so are its DHT and UPnP unless
 * switched on.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import bencode from 'bencode';
import * as z from 'zod';
import { SPEAKS_ALL, type ClientJob, type RunningClient, type TorrentClient } from '../contracts/client.ts';
import type { Host, RunningProcess } from '../contracts/host.ts';
import { makeFolder, placeFile } from '../contracts/guest-folder.ts';
import { within } from '../contracts/until.ts';
import { runAsClient } from './as-client.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, leftBehind, section, supportedBinding, switched } from './settings.ts';

/** Path of the settings in the state folder, by the XDG folders given to KTorrent. */
const CONFIG = 'home/.config/ktorrentrc';
const DATA = 'home/.local/share/ktorrent';
/** Milliseconds: dbus-daemon listens after some, which may be seconds on a machine with many labs. */
const BUS_PATIENCE_MS = 20_000;

const statsSchema = z.object({
  bytes_downloaded: z.number(),
  seeders_connected_to: z.number(),
  leechers_connected_to: z.number(),
});

type Environment = Readonly<Record<string, string>>;

export const ktorrent: TorrentClient = {
  id: 'ktorrent',
  title: 'KTorrent',
  needs: [
    { command: 'ktorrent', package: 'ktorrent' },
    { command: 'dbus-daemon', package: 'dbus-daemon' },
    { command: 'dbus-send', package: 'dbus-bin' },
  ],
  bindings: ['none', 'interface'],
  speaks: { ...SPEAKS_ALL, lsd: false, webrtc: false },
  changes: [
    { setting: 'QT_QPA_PLATFORM=offscreen', reason: 'runs without a screen' },
    { setting: '[downloads] saveDir, useSaveDir', reason: "keeps the payload in the trial's folder, without asking" },
    { setting: '[downloads] port, dhtPort', reason: 'the observers must know where to knock' },
  ],
  persists: [
    { path: join(DATA, 'dht_table.ipv4'), holds: 'dht' },
    { path: join(DATA, 'tor0/peer_list'), holds: 'peers' },
  ],

  async version(host) {
    const env = { QT_QPA_PLATFORM: 'offscreen', HOME: host.folder };
    const { stdout } = await host.run(['ktorrent', '--version'], { env });
    return /ktorrent (\S+)/.exec(stdout)?.[1] ?? stdout.trim();
  },

  async start(host, job, signal) {
    placeFile(job.stateFolder, CONFIG, configuration(job));
    makeFolder(job.stateFolder, DATA);
    const known = leftBehind(job.stateFolder, DATA, /^tor\d+$/);
    const bus = `unix:path=${join(job.stateFolder, 'bus')}`;
    const env = {
      ...homeIn(job.stateFolder),
      QT_QPA_PLATFORM: 'offscreen',
      DBUS_SESSION_BUS_ADDRESS: bus,
    };
    const daemon = await startBus(host, job, bus, env, signal);
    try {
      const client = await ClientProcess.start(
        host,
        {
          client: ktorrent.id,
          argv: ['ktorrent', '--silent'],
          env,
          cwd: job.stateFolder,
          logFile: join(DATA, 'log'),
        },
        async (started) => {
          await started.line(lineWith(/Bound to TCP port/));
          if (!known) await send(host, env, ['/core', 'org.ktorrent.core.loadSilently', torrentUrl(job), 'string:']);
        },
        signal,
      );
      void client.exited.then(() => daemon.signal('SIGTERM'));
      return running(host, client, daemon.pid, env);
    } catch (error) {
      daemon.signal('SIGTERM');
      throw error;
    }
  },
};

function torrentUrl({ torrent }: ClientJob): string {
  return `string:${'file' in torrent ? pathToFileURL(torrent.file).href : torrent.magnet}`;
}

function configuration(job: ClientJob): string {
  const binding = supportedBinding(ktorrent, job);
  const downloads = {
    saveDir: job.downloadFolder,
    useSaveDir: true,
    port: job.peerPort,
    // uTP, where it is switched on, has the UDP port of the same number.
    dhtPort: job.peerPort + 1,
    ...(binding.kind === 'interface' ? { networkInterface: binding.device } : {}),
    ...switched(
      ktorrent,
      { ...job.features, portMapping: 'default' },
      {
        dht: { setting: 'dhtSupport', on: true, off: false },
        pex: { setting: 'pexEnabled', on: true, off: false },
        utp: { setting: 'utpEnabled', on: true, off: false },
        encryption: [
          { setting: 'useEncryption', on: true, off: false },
          { setting: 'allowUnencryptedConnections', on: false, off: true },
        ],
      },
    ),
  };
  const plugins: Record<string, boolean> =
    job.features.portMapping === 'default' ? {} : { UPnPPluginEnabled: job.features.portMapping === 'on' };
  return `${section('downloads', downloads)}\n${section('Plugins', plugins)}`;
}

/** A session bus of the client's own; resolves once it listens. */
async function startBus(
  host: Host,
  job: ClientJob,
  address: string,
  env: Environment,
  signal?: AbortSignal,
): Promise<RunningProcess> {
  const argv = [
    'dbus-daemon',
    '--session',
    '--nofork',
    '--nopidfile',
    '--print-address',
    `--address=${address}`,
  ] as const;
  const daemon = await host.spawn(argv, { env, cwd: job.stateFolder, unprivileged: true });
  daemon.stderr.resume();
  const listens = new Promise<void>((resolve, reject) => {
    daemon.stdout.once('data', () => resolve());
    void daemon.exited.then(() => reject(new Error(`ktorrent's session bus ended before it listened on ${address}`)));
  });
  const patience = { what: `ktorrent's session bus to listen on ${address}`, patienceMs: BUS_PATIENCE_MS, signal };
  await within(listens, patience).catch((error: unknown) => {
    daemon.signal('SIGKILL');
    throw error;
  });
  return daemon;
}

/** Calls a method of KTorrent's over its bus, as its own user, which alone the bus accepts; gives the printed reply. */
function send(host: Host, env: Environment, call: readonly string[]): Promise<string> {
  const argv = ['dbus-send', '--session', '--print-reply=literal', '--dest=org.kde.ktorrent', ...call] as const;
  return runAsClient(host, argv, { env });
}

function running(host: Host, client: ClientProcess, busPid: number, env: Environment): RunningClient {
  const pids = [client.pid, busPid];
  return runningClient(client, host, {
    pids,
    async status() {
      const torrents = await send(host, env, ['/core', 'org.ktorrent.core.torrents']);
      const hash = /[0-9a-f]{40}/.exec(torrents)?.[0];
      if (hash === undefined) return { downloadedBytes: 0, peers: 0, dhtNodes: null };
      // A bencoded dictionary, printed as hexadecimal bytes.
      const printed = await send(host, env, [`/torrent/${hash}`, 'org.ktorrent.torrent.stats']);
      const bytes = Buffer.from((printed.match(/\b[0-9a-f]{2}\b/g) ?? []).join(''), 'hex');
      const stats = statsSchema.parse(bencode.decode(bytes));
      return {
        downloadedBytes: stats.bytes_downloaded,
        peers: stats.seeders_connected_to + stats.leechers_connected_to,
        dhtNodes: null,
      };
    },
  });
}
