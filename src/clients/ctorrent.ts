/**
 * Enhanced CTorrent, the distribution's binary: one torrent on the command line, status on standard output. It knows
 * HTTP trackers over IPv4 and nothing else: no DHT, no exchange of peers, no magnet links.
 */
import { join } from 'node:path';
import type { ClientJob, RunningClient, TorrentClient } from '../contracts/client.ts';
import type { Argv, Host, RunningProcess } from '../contracts/host.ts';
import { Unsupported } from '../contracts/errors.ts';
import { ClientProcess, runningClient } from './client-process.ts';
import { homeIn, supportedBinding, switched } from './settings.ts';

/** `| 0/1/2 [3/64/64] 1MB,0MB | 12,0K/s | ...`: seeders/leechers/known peers, pieces, received and sent. */
const STATUS = /(\d+)\/(\d+)\/\d+ \[\d+\/\d+\/\d+\] (\d+)MB,\d+MB/;
const BYTES_PER_MB = 1 << 20;

export const ctorrent: TorrentClient = {
  id: 'ctorrent',
  title: 'CTorrent',
  needs: [{ command: 'ctorrent', package: 'ctorrent' }],
  bindings: ['none', 'address'],
  speaks: {
    utp: false,
    udpTracker: false,
    dht: false,
    pex: false,
    lsd: false,
    portMapping: false,
    ipv6: false,
    webrtc: false,
    magnet: false,
    encryption: false,
  },
  changes: [
    { setting: '-p', reason: 'the observers must know where to knock' },
    { setting: '-s', reason: "keeps the payload in the trial's folder" },
  ],
  persists: [],

  async version(host) {
    const { stdout, stderr } = await host.run(['ctorrent'], { anyStatus: true });
    return /CTorrent (\S+)/.exec(stdout + stderr)?.[1] ?? 'unknown';
  },

  async start(host, job, signal) {
    const client = await ClientProcess.start(
      host,
      { client: ctorrent.id, argv: program(job), env: homeIn(job.stateFolder), cwd: job.downloadFolder },
      async (started) => {
        await started.line((line) => (STATUS.test(line) || line.includes('Listening on') ? true : undefined));
      },
      signal,
    );
    return running(host, client);
  },
};

function program(job: ClientJob): Argv {
  if (!('file' in job.torrent)) {
    throw new Unsupported('ctorrent takes no magnet links. Give it the .torrent file, or choose another client.');
  }
  const binding = supportedBinding(ctorrent, job);
  switched(ctorrent, job.features, {});
  return [
    'ctorrent',
    ...['-p', String(job.peerPort), '-s', join(job.downloadFolder, 'payload')],
    ...(binding.kind === 'none' ? [] : ['-i', binding.address4]),
    job.torrent.file,
  ];
}

function running(host: Host, client: ClientProcess): RunningClient {
  return runningClient(client, host, {
    status() {
      const line = [...client.tail(50)].reverse().find((text) => STATUS.test(text)) ?? '';
      const [, seeders = 0, leechers = 0, megabytes = 0] = STATUS.exec(line)?.map(Number) ?? [];
      return Promise.resolve({
        downloadedBytes: megabytes * BYTES_PER_MB,
        peers: seeders + leechers,
        dhtNodes: null,
      });
    },
    stop: (patienceSeconds) => client.stop(patienceSeconds, (process) => interruptTwice(process, patienceSeconds)),
  });
}

/**
 * Interrupts CTorrent twice. At the first interrupt it waits 15 s to tell its tracker; impatient users press the key
 * again, which ends it.
 */
function interruptTwice(process: RunningProcess, patienceSeconds: number): void {
  process.signal('SIGINT');
  const again = setTimeout(() => process.signal('SIGINT'), patienceSeconds * 500);
  void process.exited.then(() => clearTimeout(again));
}
