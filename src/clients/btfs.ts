/**
 * btfs, the distribution's binary: a torrent as a file system, in which a reader (md5sum) reads every file, since btfs
 * fetches only what is read. It has the defaults of the libtorrent it is built on, over IPv4 alone, and no option but
 * its ports: no binding, no switch for DHT, local discovery or port mapping.
 */
import { join } from 'node:path';
import { SPEAKS_ALL, type ClientJob, type RunningClient, type TorrentClient } from '../contracts/client.ts';
import type { Argv, Host, RunningProcess } from '../contracts/host.ts';
import { makeFolder } from '../contracts/guest-folder.ts';
import { Unsupported } from '../contracts/errors.ts';
import { runAsClient } from './as-client.ts';
import { ClientProcess, lineWith, runningClient } from './client-process.ts';
import { homeIn, supportedBinding, switched } from './settings.ts';

const FUSE_DEVICE = '/dev/fuse';
/** Linux's numbers for it: Documentation/admin-guide/devices.txt. */
const FUSE_MAJOR = '10';
const FUSE_MINOR = '229';

export const btfs: TorrentClient = {
  id: 'btfs',
  title: 'btfs',
  needs: [
    { command: 'btfs', package: 'btfs' },
    { command: 'fusermount3', package: 'fuse3' },
  ],
  bindings: ['none'],
  speaks: { ...SPEAKS_ALL, ipv6: false, webrtc: false, magnet: false },
  changes: [
    { setting: '--min-port, --max-port', reason: 'the observers must know where to knock' },
    { setting: '--data-directory', reason: "keeps the payload in the trial's folder" },
    { setting: '-d', reason: 'stays in the foreground and tells when it is mounted' },
  ],
  persists: [],

  async version(host) {
    const { stdout, stderr } = await host.run(['btfs', '--version'], { anyStatus: true });
    return /btfs version: (\S+)/.exec(stdout + stderr)?.[1] ?? 'unknown';
  },

  async start(host, job, signal) {
    const mountPoint = join(job.stateFolder, 'mount');
    const argv = program(job, mountPoint);
    makeFolder(job.stateFolder, 'mount');
    await openFuse(host);
    const env = homeIn(job.stateFolder);
    const client = await ClientProcess.start(
      host,
      // fusermount3 mounts the file system as root, on its user's behalf.
      { client: btfs.id, argv, env, cwd: job.stateFolder, setuid: true },
      async (started) => {
        // The kernel's first request, which the file system answers once it is mounted.
        await started.line(lineWith(/INIT: /));
      },
      signal,
    );
    const reader = await host.spawn(['find', mountPoint, '-type', 'f', '-exec', 'md5sum', '{}', '+'], {
      env,
      unprivileged: true,
    });
    reader.stdout.resume();
    reader.stderr.resume();
    return running(host, job, client, reader);
  },
};

function program(job: ClientJob, mountPoint: string): Argv {
  if (!('file' in job.torrent)) {
    throw new Unsupported(
      'btfs shows no files until it has the metadata of a magnet link, and does not tell when: there is nothing to read. ' +
        'Give it the .torrent file, or choose another client.',
    );
  }
  supportedBinding(btfs, job);
  switched(btfs, job.features, {});
  const ports = [`--min-port=${job.peerPort}`, `--max-port=${job.peerPort}`];
  return ['btfs', '-d', ...ports, `--data-directory=${job.downloadFolder}`, job.torrent.file, mountPoint];
}

/**
 * Lets the unprivileged user open the FUSE device, as udev does on a desktop: where the machine's own node is closed to
 * it, a node of the host's own is bound over it, in the host's own mount namespace.
 */
async function openFuse(host: Host): Promise<void> {
  const { stdout } = await host.run(['stat', '--format=%A', FUSE_DEVICE], { anyStatus: true });
  if (/^crw.rw.rw/.test(stdout)) return;
  const node = join(host.folder, 'fuse');
  try {
    await host.run(['mknod', '--mode=666', node, 'c', FUSE_MAJOR, FUSE_MINOR]);
    await host.run(['touch', FUSE_DEVICE]);
    await host.run(['mount', '--bind', node, FUSE_DEVICE]);
  } catch (error) {
    throw new Unsupported(
      `btfs needs ${FUSE_DEVICE}, which this lab cannot give it: run it where the kernel has FUSE and the lab is root, ` +
        'or choose another client.',
      { cause: error },
    );
  }
}

function running(host: Host, job: ClientJob, client: ClientProcess, reader: RunningProcess): RunningClient {
  const pids = [client.pid, reader.pid];
  return runningClient(client, host, {
    pids,
    async status(signal) {
      // What it has on disk is all it tells.
      const printed = await runAsClient(host, ['du', '--summarize', '--block-size=1', job.downloadFolder], { signal });
      return { downloadedBytes: Number.parseInt(printed, 10), peers: 0, dhtNodes: null };
    },
    stop(patienceSeconds) {
      // A file system that is being read does not end. About one time in ten it does not end anyway: 2.24 cancels its
      // alert thread, which may hold the lock that its end waits for.
      reader.signal('SIGKILL');
      return client.stop(patienceSeconds);
    },
  });
}
