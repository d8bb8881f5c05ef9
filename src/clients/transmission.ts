/**
 * Transmission's daemon, the distribution's binary: settings.json, a folder it takes torrents from, and its RPC for magnet
 * links and status. Version 3.00 binds by address only and has no option for an interface.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { SPEAKS_ALL, type ClientJob, type RunningClient, type TorrentClient } from '../contracts/client.ts';
import type { Host } from '../contracts/host.ts';
import { makeFolder, placeFile } from '../contracts/guest-folder.ts';
import { CURL, loopback } from './loopback.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, leftBehind, supportedBinding, switched } from './settings.ts';

/** Folder from which it takes torrents; it renames each to `.added` once it has it. */
const WATCH = 'watch';
const RPC_PATH = '/transmission/rpc';
/** Answer to a request without the current token, which it carries (Transmission's guard against forged requests). */
const CONFLICT = 409;
const TOKEN = 'x-transmission-session-id';

const torrentGet = z.object({
  arguments: z.object({
    torrents: z.array(z.object({ haveUnchecked: z.number(), haveValid: z.number(), peersConnected: z.number() })),
  }),
});

export const transmission: TorrentClient = {
  id: 'transmission',
  title: 'Transmission (daemon)',
  needs: [{ command: 'transmission-daemon', package: 'transmission-daemon' }, CURL],
  bindings: ['none', 'address'],
  speaks: { ...SPEAKS_ALL, webrtc: false },
  changes: [
    { setting: 'watch-dir', reason: 'takes the torrent unattended' },
    { setting: 'download-dir', reason: "keeps the payload in the trial's folder" },
    { setting: 'peer-port', reason: 'the observers must know where to knock' },
    { setting: 'rpc-port', reason: 'two clients on one machine must not share a control port' },
    { setting: 'dht.bootstrap', reason: "the lab's DHT routers, before the public ones by name" },
  ],
  persists: [
    { path: 'dht.dat', holds: 'dht' },
    { path: 'resume', holds: 'peers' },
  ],

  async version(host) {
    const { stdout, stderr } = await host.run(['transmission-daemon', '--version']);
    return /transmission-daemon (\S+)/.exec(stdout + stderr)?.[1] ?? (stdout + stderr).trim();
  },

  async start(host, job, signal) {
    const known = leftBehind(job.stateFolder, 'torrents', /./);
    await configure(job, known);
    const client = await ClientProcess.start(
      host,
      {
        client: transmission.id,
        argv: ['transmission-daemon', '--foreground', '--config-dir', job.stateFolder],
        env: homeIn(job.stateFolder),
        cwd: job.stateFolder,
      },
      async (started) => {
        if (known) await started.line(lineWith(/ Loaded [1-9]\d* torrents/));
        else if ('magnet' in job.torrent) await addMagnet(host, job, job.torrent.magnet, started, signal);
        // Sooner than any line of its log, which it writes out once a second.
        else await started.file(WATCH, /\.added$/);
      },
      signal,
    );
    return running(host, job, client);
  },
};

async function configure(job: ClientJob, known: boolean): Promise<void> {
  const { stateFolder, torrent } = job;
  const binding = supportedBinding(transmission, job);
  const settings = {
    'watch-dir': join(stateFolder, WATCH),
    'watch-dir-enabled': true,
    'download-dir': job.downloadFolder,
    'peer-port': job.peerPort,
    'rpc-port': job.controlPort,
    ...(binding.kind === 'none'
      ? {}
      : { 'bind-address-ipv4': binding.address4, 'bind-address-ipv6': binding.address6 }),
    ...switched<boolean | number>(transmission, job.features, {
      dht: { setting: 'dht-enabled', on: true, off: false },
      pex: { setting: 'pex-enabled', on: true, off: false },
      lsd: { setting: 'lpd-enabled', on: true, off: false },
      portMapping: { setting: 'port-forwarding-enabled', on: true, off: false },
      utp: { setting: 'utp-enabled', on: true, off: false },
      // Required; "tolerated", the least it knows.
      encryption: { setting: 'encryption', on: 2, off: 0 },
    }),
  };
  placeFile(stateFolder, 'settings.json', JSON.stringify(settings, null, 2));
  if (job.dhtBootstrap.length > 0) {
    const lines = job.dhtBootstrap.map(({ address, port }) => `${address} ${port}\n`);
    placeFile(stateFolder, 'dht.bootstrap', lines.join(''));
  }
  makeFolder(stateFolder, WATCH);
  if ('file' in torrent && !known) placeFile(stateFolder, join(WATCH, 'job.torrent'), await readFile(torrent.file));
}

async function addMagnet(
  host: Host,
  job: ClientJob,
  magnet: string,
  client: ClientProcess,
  signal?: AbortSignal,
): Promise<void> {
  await client.line(lineWith(/Serving RPC and Web requests/));
  const answer = await rpc(host, job.controlPort, 'torrent-add', { filename: magnet }, signal);
  if (!answer.includes('"result":"success"')) throw new Error(`transmission refused the magnet link: ${answer}`);
}

/** One call of the RPC; asks for the token first, since 3.00 has no way to do without. */
async function rpc(host: Host, port: number, method: string, args: object, signal?: AbortSignal): Promise<string> {
  const body = JSON.stringify({ method, arguments: args });
  const first = await loopback(host, { port, path: RPC_PATH, body }, signal);
  if (first.status !== CONFLICT) return first.body;
  const headers = { 'X-Transmission-Session-Id': first.headers.get(TOKEN) ?? '' };
  return (await loopback(host, { port, path: RPC_PATH, body, headers }, signal)).body;
}

function running(host: Host, job: ClientJob, client: ClientProcess): RunningClient {
  return runningClient(client, host, {
    async status(signal) {
      const fields = ['haveUnchecked', 'haveValid', 'peersConnected'];
      const answer = torrentGet.parse(JSON.parse(await rpc(host, job.controlPort, 'torrent-get', { fields }, signal)));
      const [torrent] = answer.arguments.torrents;
      return {
        downloadedBytes: (torrent?.haveUnchecked ?? 0) + (torrent?.haveValid ?? 0),
        peers: torrent?.peersConnected ?? 0,
        // 3.00 writes the count to its log only.
        dhtNodes: null,
      };
    },
  });
}
