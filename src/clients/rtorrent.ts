/**
 * rTorrent, the distribution's binary, as a daemon: an import file instead of the user's rtorrent.rc, XML-RPC over a
 * socket in the state folder for status. It binds by address only, speaks no uTP and no local discovery, and its DHT is
 * off unless switched on.
 */
import { join } from 'node:path';
import { SPEAKS_ALL, type ClientJob, type RunningClient, type TorrentClient } from '../contracts/client.ts';
import type { Argv, Host } from '../contracts/host.ts';
import { makeFolder, placeFile } from '../contracts/guest-folder.ts';
import { runAsClient } from './as-client.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, leftBehind, supportedBinding, switched } from './settings.ts';

const CONFIG = 'rtorrent.rc';
const LOG = 'log/rtorrent.log';
const SESSION = 'session';
const SOCKET = 'rpc.socket';
/** Longest wait for an answer, in seconds. */
const ANSWER_SECONDS = 10;

export const rtorrent: TorrentClient = {
  id: 'rtorrent',
  title: 'rTorrent',
  needs: [
    { command: 'rtorrent', package: 'rtorrent' },
    { command: 'socat', package: 'socat' },
  ],
  bindings: ['none', 'address'],
  speaks: { ...SPEAKS_ALL, utp: false, lsd: false, portMapping: false, webrtc: false },
  changes: [
    { setting: 'system.daemon.set', reason: 'runs without a terminal' },
    { setting: 'session.path.set', reason: "state survives a restart, as in the distribution's sample configuration" },
    { setting: 'directory.default.set', reason: "keeps the payload in the trial's folder" },
    { setting: 'network.port_range.set, dht.port.set', reason: 'the observers must know where to knock' },
    { setting: 'network.scgi.open_local', reason: 'status is asked through a socket in the state folder' },
    { setting: 'log.open_file, log.add_output', reason: 'its log would go to the screen it does not have' },
    {
      setting: 'dht.add_node',
      reason: "the lab's DHT, where the DHT is switched on; it has no entry point of its own",
    },
  ],
  persists: [
    { path: join(SESSION, 'rtorrent.dht_cache'), holds: 'dht' },
    { path: SESSION, holds: 'peers' },
  ],

  async version(host) {
    const { stdout } = await host.run(['rtorrent', '-h'], { anyStatus: true });
    return /version ([\d.]+\d)/.exec(stdout)?.[1] ?? stdout.trim();
  },

  async start(host, job, signal) {
    placeFile(job.stateFolder, CONFIG, configuration(job));
    makeFolder(job.stateFolder, SESSION);
    makeFolder(job.stateFolder, 'log');
    const known = leftBehind(job.stateFolder, SESSION, /\.torrent$/);
    const client = await ClientProcess.start(
      host,
      {
        client: rtorrent.id,
        argv: program(job, known),
        env: { ...homeIn(job.stateFolder), TERM: 'dumb' },
        cwd: job.stateFolder,
        logFile: LOG,
      },
      async (started) => {
        if (known) await started.line(lineWith(/rtorrent main: Starting thread/));
        // rTorrent saves a torrent to its session folder as soon as it has taken it.
        else await started.file(SESSION, /\.torrent$/);
      },
      signal,
    );
    return running(host, job, client);
  },
};

function program(job: ClientJob, known: boolean): Argv {
  const torrent = 'file' in job.torrent ? job.torrent.file : job.torrent.magnet;
  return ['rtorrent', '-n', '-o', `import=${join(job.stateFolder, CONFIG)}`, ...(known ? [] : [torrent])];
}

function configuration(job: ClientJob): string {
  const binding = supportedBinding(rtorrent, job);
  const { peerPort, stateFolder } = job;
  const switches = switched(rtorrent, job.features, {
    dht: { setting: 'dht.mode.set', on: 'on', off: 'disable' },
    pex: { setting: 'protocol.pex.set', on: 'yes', off: 'no' },
    encryption: {
      setting: 'protocol.encryption.set',
      on: 'allow_incoming,try_outgoing,require,require_RC4',
      off: 'none',
    },
  });
  const settings: Record<string, string> = {
    'system.daemon.set': 'true',
    'log.open_file': `lab,${join(stateFolder, LOG)}`,
    'log.add_output': 'info,lab',
    'session.path.set': join(stateFolder, SESSION),
    'directory.default.set': job.downloadFolder,
    // Before the DHT, which takes the address it starts with.
    ...(binding.kind === 'none' ? {} : { 'network.bind_address.set': binding.address4 }),
    'network.port_range.set': `${peerPort}-${peerPort}`,
    'dht.port.set': String(peerPort),
    'network.scgi.open_local': join(stateFolder, SOCKET),
    ...switches,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  // Nodes can be added only once the DHT runs, which it does after the configuration is read.
  if (switches['dht.mode.set'] === 'on') {
    for (const [index, { address, port }] of job.dhtBootstrap.entries()) {
      lines.push(`schedule2=lab_node_${index},1,0,((dht.add_node,"${address}:${port}"))\n`);
    }
  }
  return lines.join('');
}

/** One XML-RPC call over SCGI, made as the client's user: the name of the socket is the client's to change. Gives the answer's XML. */
function call(
  host: Host,
  socket: string,
  method: string,
  parameters: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const values = parameters.map((value) => `<param><value><string>${value}</string></value></param>`).join('');
  const body = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${values}</params></methodCall>`;
  const header = `CONTENT_LENGTH\0${Buffer.byteLength(body)}\0SCGI\x001\0`;
  return runAsClient(host, ['socat', '-t', String(ANSWER_SECONDS), '-', `UNIX-CONNECT:${socket}`], {
    input: `${header.length}:${header},${body}`,
    signal,
  });
}

/** The whole numbers of an answer, in order. */
function numbers(xml: string): readonly number[] {
  return [...xml.matchAll(/<i[48]>(-?\d+)<\/i[48]>/g)].map((match) => Number(match[1]));
}

function running(host: Host, job: ClientJob, client: ClientProcess): RunningClient {
  const socket = join(job.stateFolder, SOCKET);
  return runningClient(client, host, {
    async status(signal) {
      const fields = ['', 'main', 'd.completed_bytes=', 'd.peers_connected='];
      const [downloadedBytes = 0, peers = 0] = numbers(await call(host, socket, 'd.multicall2', fields, signal));
      const dht = /<name>nodes<\/name>\s*<value><i8>(\d+)/.exec(
        await call(host, socket, 'dht.statistics', [''], signal),
      );
      return { downloadedBytes, peers, dhtNodes: dht === null ? null : Number(dht[1]) };
    },
    // On SIGINT it tells the trackers and saves its session; SIGTERM it takes for a quicker end.
    stop: (patienceSeconds) => client.stop(patienceSeconds, (process) => process.signal('SIGINT')),
  });
}
