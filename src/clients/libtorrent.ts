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
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, placeFile, supportedBinding, switched } from './settings.ts';

/** The system's Python, for which the distribution packages the binding. */
const PYTHON = '/usr/bin/python3';

/** Reads a job file; answers `status` on standard input with a JSON line; `stop`, or the input's end, ends it. */
const DRIVER = `
import json, os, sys, threading
import libtorrent as lt

job = json.load(open(sys.argv[1]))
session_file = os.path.join(job['state'], 'session')
resume_file = os.path.join(job['state'], 'resume')

def say(**what):
    print(json.dumps(what), flush=True)

def load(path):
    return open(path, 'rb').read() if os.path.exists(path) else None

def keep(path, data):
    with open(path + '.new', 'wb') as file:
        file.write(data)
    os.replace(path + '.new', path)

saved = load(session_file)
params = lt.read_session_params(saved) if saved else lt.session_params()
alerts = lt.alert.category_t.error_notification | lt.alert.category_t.status_notification
params.settings = {**job['settings'], 'alert_mask': alerts}
session = lt.session(params)

resume = load(resume_file)
if resume:
    add = lt.read_resume_data(resume)
elif job['magnet']:
    add = lt.parse_magnet_uri(job['magnet'])
else:
    add = lt.add_torrent_params()
    add.ti = lt.torrent_info(job['file'])
add.save_path = job['downloads']
if not job['pex']:
    add.flags |= lt.torrent_flags.disable_pex
torrent = session.add_torrent(add)
say(report='accepted')

# Not by wait_for_alert: the alert it gives may move while Python reads it, which ends the process.
told, tell = os.pipe()
session.set_alert_fd(tell)

def log():
    while True:
        os.read(told, 4096)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.save_resume_data_alert):
                keep(resume_file, lt.write_resume_data_buf(alert.params))
                return
            if isinstance(alert, lt.save_resume_data_failed_alert):
                return
            print(alert.what(), alert.message(), file=sys.stderr, flush=True)

logging = threading.Thread(target=log)
logging.start()

for line in sys.stdin:
    if line.strip() == 'stop':
        break
    status = torrent.status()
    say(report='status', downloadedBytes=status.total_payload_download, peers=status.num_peers,
        dhtNodes=session.status().dht_nodes)

session.pause()
torrent.save_resume_data(1 << 1)  # save_info_dict
logging.join()
keep(session_file, lt.bencode(session.save_state()))
`;

const statusSchema = z.object({
  report: z.literal('status'),
  downloadedBytes: z.number(),
  peers: z.number(),
  dhtNodes: z.number(),
});

export const libtorrent: TorrentClient = {
  id: 'libtorrent',
  title: 'libtorrent (Python)',
  // A package without a command: found by a folder it brings.
  needs: [{ command: '/usr/lib/python3/dist-packages/libtorrent.egg-info', package: 'python3-libtorrent' }],
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

  async version(host) {
    const { stdout } = await host.run([PYTHON, '-c', 'import libtorrent; print(libtorrent.version)']);
    return stdout.trim();
  },

  async start(host, job, signal) {
    const file = join(job.stateFolder, 'libtorrent-job.json');
    await placeFile(file, JSON.stringify(driverJob(job), null, 2));
    const client = await ClientProcess.start(
      host,
      {
        client: libtorrent.id,
        argv: [PYTHON, '-c', DRIVER, file],
        env: await homeIn(job.stateFolder),
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
