/**
 * A DHT node of aria2. Its DHT runs only while it downloads something, so it is given a torrent that nobody has: it looks
 * that one up from time to time and holds peers for everybody else's.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bencode from 'bencode';
import { SWARM } from '../../contracts/addresses.ts';
import type { Infrastructure } from './infrastructure.ts';

const DHT_PORT = 6881;
const PEER_PORT = 6882;

export const aria2Dht: Infrastructure = {
  id: 'aria2-dht',
  title: 'DHT node of aria2',
  kind: 'dht',
  address: SWARM.aria2Dht,
  port: DHT_PORT,
  needs: [{ command: 'aria2c', package: 'aria2' }],
  expiry: {
    seconds: 30 * 60,
    windowSeconds: [30 * 60, 35 * 60],
    source: 'aria2 DHTConstants.h: DHT_PEER_ANNOUNCE_PURGE_INTERVAL 30 min, looked at every 5 min',
  },

  async version(host) {
    const { stdout } = await host.run(['aria2c', '--version']);
    return /aria2 version (\S+)/.exec(stdout)?.[1] ?? stdout.trim();
  },

  async prepare(_host, { folder, entry }) {
    const torrent = join(folder, 'nobody.torrent');
    const info = { name: 'nobody', length: 65_536, 'piece length': 65_536, pieces: Buffer.alloc(20, 1) };
    await writeFile(torrent, bencode.encode({ info }));
    const options: Record<string, string> = {
      'no-conf': 'true',
      'show-console-readout': 'false',
      'enable-dht': 'true',
      'dht-listen-port': String(DHT_PORT),
      'listen-port': String(PEER_PORT),
      interface: aria2Dht.address,
      'dht-entry-point': `${entry.address}:${entry.port}`,
      'dht-file-path': join(folder, 'dht.dat'),
      'bt-enable-lpd': 'false',
      dir: folder,
    };
    return ['aria2c', ...Object.entries(options).map(([name, value]) => `--${name}=${value}`), torrent];
  },
};
