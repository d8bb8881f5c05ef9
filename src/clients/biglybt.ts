/**
 * BiglyBT, the distribution's jars, with its console for an interface: the settings in its bencoded biglybt.config, the
 * torrent and the questions on standard input. Its DHT is its own (Vuze's), not BEP 5, so that it is declared as none
 * here; its plug-in for uTP is not part of the distribution's package.
 */
import { join } from 'node:path';
import bencode from 'bencode';
import * as z from 'zod';
import {
  SPEAKS_ALL,
  type ClientJob,
  type ClientStatus,
  type RunningClient,
  type TorrentClient,
} from '../contracts/client.ts';
import type { Argv, Host } from '../contracts/host.ts';
import { placeFile, readFileIn } from '../contracts/guest-folder.ts';
import { until } from '../contracts/until.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, leftBehind, supportedBinding, switched } from './settings.ts';

/** Folder of its configuration and state, in the state folder. */
const CONFIG = 'config';
const JARS = ['biglybt-core', 'biglybt-ui', 'commons-cli', 'swt4', 'bcprov'].map((jar) => `/usr/share/java/${jar}.jar`);

/**
 * `Speed: ...	Amount: 4.00 MB / 0 B	Connections: 1(2) / 0(?)`: received and sent; seeds and peers, in brackets those the
 * tracker knows, a question mark until its scrape has been answered.
 */
const STATUS = /Amount: ([\d.]+) (B|[kMGT]B) \/ .*Connections: (\d+)\((?:\d+|\?)\) \/ (\d+)\(/;
/** A link that is taken is listed within half a second; one that is not within two has been lost. */
const [LOOKS, LOOK_MS] = [8, 250];
/** Milliseconds: as long as the virtual machine itself takes to start on a machine of two cores whose load is 25. */
const MAGNET_PATIENCE_MS = 30_000;
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export const biglybt: TorrentClient = {
  id: 'biglybt',
  title: 'BiglyBT (console)',
  // The distribution's package leaves the Java virtual machine to whoever installs it.
  needs: [
    { command: 'biglybt', package: 'biglybt' },
    { command: 'java', package: 'default-jre-headless' },
  ],
  bindings: ['none', 'interface', 'address'],
  speaks: { ...SPEAKS_ALL, utp: false, dht: false, lsd: false, webrtc: false },
  changes: [
    { setting: '--ui=console', reason: 'runs without a window' },
    { setting: 'TCP.Listen.Port, UDP.Listen.Port', reason: 'the observers must know where to knock' },
    { setting: 'Default save path', reason: "keeps the payload in the trial's folder" },
    { setting: 'Enforce Bind IP', reason: 'set with a binding only: its own instructions for VPNs ask for both' },
    { setting: 'user.home, azureus.config.path', reason: 'Java takes the home folder from the password file' },
  ],
  persists: [
    { path: join(CONFIG, 'dht'), holds: 'dht' },
    { path: join(CONFIG, 'active'), holds: 'peers' },
  ],

  async version(host) {
    const list = await host.run(['dpkg-query', '--show', '--showformat=${Version}', 'biglybt']);
    return list.stdout.trim();
  },

  async start(host, job, signal) {
    configure(job);
    const known = leftBehind(job.stateFolder, join(CONFIG, 'torrents'), /./);
    const client = await ClientProcess.start(
      host,
      { client: biglybt.id, argv: program(job), env: homeIn(job.stateFolder), cwd: job.stateFolder },
      async (started) => {
        await started.line(lineWith(/^Running BiglyBT/));
        if (known) return;
        if ('magnet' in job.torrent) {
          const add = `add -o ${job.downloadFolder} ${job.torrent.magnet}`;
          await addMagnet(started, add, MAGNET_PATIENCE_MS, signal);
        } else await started.ask(`add -o ${job.downloadFolder} ${job.torrent.file}`, lineWith(/' added/));
      },
      signal,
    );
    return running(host, client);
  },
};

/**
 * Gives BiglyBT the magnet link. The console answers before its downloader of links runs (ui/console/UI.startUI calls
 * initManager last), and a link that came before waits for ever, of which nobody tells. So it is given again until the
 * list shows that it has been taken. Throws when it has not been after `patienceMs`.
 */
export async function addMagnet(
  started: Pick<ClientProcess, 'ask' | 'tail'>,
  add: string,
  patienceMs: number,
  signal?: AbortSignal,
): Promise<void> {
  let looks = 0;
  const taken = async (): Promise<boolean> => {
    if (looks++ % LOOKS === 0) await started.ask(add, lineWith(/Starting Download of magnet/), signal);
    return started.ask(
      'show torrents',
      (line) => (line.includes('No Torrents') ? false : lineWith(/\[.\] [\d.]+%/)(line)),
      signal,
    );
  };
  await until(taken, {
    what: 'BiglyBT to list the magnet link that it was given',
    everyMs: LOOK_MS,
    patienceMs,
    signal,
    detail: () => `its last lines: ${started.tail(LOOKS).join(' / ')}`,
  });
}

function program(job: ClientJob): Argv {
  const config = join(job.stateFolder, CONFIG);
  return [
    'java',
    ...['-cp', JARS.join(':')],
    `-Duser.home=${join(job.stateFolder, 'home')}`,
    `-Dazureus.config.path=${config}`,
    '-Dazureus.install.path=/usr/share/biglybt',
    // What the distribution's /usr/bin/biglybt starts, without the shell between.
    ...['com.biglybt.ui.Main', '--ui=console'],
  ];
}

/** Lays the job's settings over those of an earlier run. */
function configure(job: ClientJob): void {
  const file = join(CONFIG, 'biglybt.config');
  const earlier = readFileIn(job.stateFolder, file);
  const binding = supportedBinding(biglybt, job);
  const settings = {
    ...(earlier === null ? {} : z.record(z.string(), z.unknown()).parse(bencode.decode(earlier))),
    'TCP.Listen.Port': job.peerPort,
    'UDP.Listen.Port': job.peerPort,
    'UDP.NonData.Listen.Port': job.peerPort,
    'Default save path': job.downloadFolder,
    ...(binding.kind === 'interface' ? { 'Bind IP': binding.device, 'Enforce Bind IP': 1 } : {}),
    ...(binding.kind === 'address' ? { 'Bind IP': binding.address4, 'Enforce Bind IP': 1 } : {}),
    ...switched(biglybt, job.features, {
      dht: { setting: 'Plugin.DHT.dht.enabled', on: 1, off: 0 },
      pex: { setting: 'Peer Source Selection Default.PeerExchange', on: 1, off: 0 },
      portMapping: [
        { setting: 'Plugin.UPnP.upnp.enable', on: 1, off: 0 },
        { setting: 'Plugin.UPnP.natpmp.enable', on: 1, off: 0 },
      ],
      encryption: { setting: 'network.transport.encrypted.require', on: 1, off: 0 },
    }),
  };
  placeFile(job.stateFolder, file, bencode.encode(settings));
}

function readStatus(line: string): ClientStatus | undefined {
  if (line.includes('No Torrents')) return { downloadedBytes: 0, peers: 0, dhtNodes: null };
  const match = STATUS.exec(line);
  if (match === null) return undefined;
  const [, amount, unit = 'B', seeds, peers] = match;
  return {
    downloadedBytes: Math.round(Number(amount) * 1024 ** UNITS.indexOf(unit)),
    peers: Number(seeds) + Number(peers),
    dhtNodes: null,
  };
}

function running(host: Host, client: ClientProcess): RunningClient {
  return runningClient(client, host, {
    status: (signal) => client.ask('show torrents', readStatus, signal),
    stop: (patienceSeconds) => client.stop(patienceSeconds, ({ stdin }) => stdin.write('quit\n')),
  });
}
