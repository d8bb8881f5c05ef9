/** A DHT node of Transmission (Juliusz Chroboczek's dht.c): the daemon without a torrent. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SWARM } from '../../contracts/addresses.ts';
import type { Infrastructure } from './infrastructure.ts';

const PORT = 6881;

export const transmissionDht: Infrastructure = {
  id: 'transmission-dht',
  title: 'DHT node of Transmission',
  kind: 'dht',
  address: SWARM.transmissionDht,
  port: PORT,
  needs: [{ command: 'transmission-daemon', package: 'transmission-daemon' }],
  expiry: {
    seconds: 32 * 60,
    windowSeconds: [32 * 60, 38 * 60],
    source: 'dht.c, expire_storage: peers older than 32 * 60 seconds, looked at every 2 to 6 minutes',
  },

  async version(host) {
    const { stdout, stderr } = await host.run(['transmission-daemon', '--version']);
    return /transmission-daemon (\S+)/.exec(stdout + stderr)?.[1] ?? (stdout + stderr).trim();
  },

  async prepare(_host, { folder, entry }) {
    const settings = {
      'bind-address-ipv4': transmissionDht.address,
      'bind-address-ipv6': '::1',
      'peer-port': PORT,
      'dht-enabled': true,
      'lpd-enabled': false,
      'port-forwarding-enabled': false,
      'utp-enabled': false,
      'rpc-enabled': false,
    };
    await writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
    await writeFile(join(folder, 'dht.bootstrap'), `${entry.address} ${entry.port}\n`);
    return ['transmission-daemon', '--foreground', '--config-dir', folder];
  },
};
