/**
 * Whole restarts of a client that has gone bad, in a lab: what became of a file that only root may read, of the client's
 * processes, and of what is told about its folder (`runInLab`).
 */
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { clientById } from '../../../src/clients/index.ts';
import type { ClientJob } from '../../../src/contracts/client.ts';
import { Clock } from '../../../src/contracts/clock.ts';
import { messageOf } from '../../../src/contracts/errors.ts';
import { markedIn } from '../../../src/harness/trial/persisted.ts';
import { openLab, tell } from '../../kit/lab-places.ts';

const UNPRIVILEGED = 65534;
const RESTARTS = 2;

const lab = await openLab(new Clock());
const { client: host } = lab.hosts;
const at = (name: string): string => path.join(host.folder, name);

const script = at('hostile-guest.sh');
copyFileSync(new URL('../../kit/hostile-guest.sh', import.meta.url), script);
chmodSync(script, 0o755);
const daemon = '/usr/bin/transmission-daemon';
// A container's system is its own, and its root mounts nothing.
await host.run(lab.describe().backend === 'docker' ? ['cp', script, daemon] : ['mount', '--bind', script, daemon]);

// What it is after, holding the packed endpoint of the marked member.
const victim = at('victim');
writeFileSync(victim, Buffer.from([198, 18, 100, 1, 0x1a, 0xe1]), { mode: 0o600 });
for (const name of ['state', 'downloads']) {
  mkdirSync(at(name));
  chownSync(at(name), UNPRIVILEGED, UNPRIVILEGED);
}
writeFileSync(at('payload.torrent'), 'a torrent');

const features = { dht: 'default', pex: 'default', lsd: 'default', portMapping: 'default', utp: 'default' } as const;
const job: ClientJob = {
  torrent: { file: at('payload.torrent') },
  stateFolder: at('state'),
  downloadFolder: at('downloads'),
  binding: { kind: 'none' },
  features: { ...features, encryption: 'default' },
  peerPort: 51_000,
  controlPort: 52_000,
  dhtBootstrap: [{ address: '198.18.20.1', port: 6881 }],
};
const marked = { id: 'm', addresses: ['198.18.100.1'], port: 6881 };
const transmission = clientById('transmission');

/** What a line of ps(1) says was started. */
function argsOf(line: string): string {
  return line.replace(/^\S+\s+/, '');
}
/** The lines of ps(1) for the client's user: in a host with users of its own, whoever is none of them counts as that user, too. */
async function processesOfClient(): Promise<readonly string[]> {
  const { stdout } = await host.run(['ps', '-o', 'stat=,args=', '-U', String(UNPRIVILEGED)], { anyStatus: true });
  // Zombies have ended; in a container nobody buries those that were left to its first process.
  return stdout.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Z'));
}
const strangers = (await processesOfClient()).map(argsOf);

const lives: object[] = [];
for (let life = 0; life <= RESTARTS; life++) {
  const running = await transmission.start(host, job, AbortSignal.timeout(20_000));
  const settings = statSync(path.join(job.stateFolder, 'settings.json'));
  await running.stop(5);
  await host.endUnprivileged?.();
  const left = (await processesOfClient()).filter((line) => !strangers.includes(argsOf(line)));
  const told = transmission.persists.map(({ path: file }) => {
    try {
      return markedIn(job.stateFolder, file, {
        infoHash: '',
        trackers: [],
        resolvers: [],
        peers: [marked],
        dhtNodes: [],
        marked: ['m'],
      });
    } catch (error) {
      return messageOf(error);
    }
  });
  const { mode, uid } = statSync(victim);
  lives.push({
    settingsOwner: settings.uid,
    victim: { mode: mode & 0o7777, uid, bytes: readFileSync(victim).length },
    left: left.join('\n'),
    told,
  });
}
await tell({ lives }, lab);
