/** A DHT node of libtorrent-rasterbar, through its Python binding as the distribution packages it, and no torrent. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SWARM } from '../../contracts/addresses.ts';
import { PYTHON_LIBTORRENT, libtorrentVersion, pythonArgv } from '../../programs/python.ts';
import type { Infrastructure } from './infrastructure.ts';

const PORT = 6881;

export const libtorrentDht: Infrastructure = {
  id: 'libtorrent-dht',
  title: 'DHT node of libtorrent',
  kind: 'dht',
  address: SWARM.libtorrentDht,
  port: PORT,
  needs: [PYTHON_LIBTORRENT],
  expiry: {
    seconds: 45 * 60,
    windowSeconds: [45 * 60, 47 * 60],
    source: 'libtorrent dht_storage.cpp: announce_interval (30 min) * 3 / 2, looked at every 2 min (node.cpp)',
  },

  version: libtorrentVersion,

  async prepare(_host, { folder, entry }) {
    const file = join(folder, 'settings.json');
    const settings = {
      listen_interfaces: `${libtorrentDht.address}:${PORT}`,
      dht_bootstrap_nodes: `${entry.address}:${entry.port}`,
      enable_dht: true,
      enable_lsd: false,
      enable_upnp: false,
      enable_natpmp: false,
    };
    await writeFile(file, JSON.stringify(settings));
    return pythonArgv('probes/infrastructure/libtorrent-dht.py', file);
  },
};
