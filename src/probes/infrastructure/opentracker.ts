/**
 * opentracker, the distribution's binary, which is built to serve listed torrents only. It forgets a peer in whole minutes
 * and when the torrent is next asked for.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SWARM } from '../../contracts/addresses.ts';
import type { Infrastructure } from './infrastructure.ts';

const PORT = 6969;

export const opentracker: Infrastructure = {
  id: 'opentracker',
  title: 'opentracker',
  kind: 'tracker',
  address: SWARM.opentracker,
  port: PORT,
  needs: [{ command: 'opentracker', package: 'opentracker' }],
  expiry: {
    seconds: 45 * 60,
    windowSeconds: [44 * 60, 45 * 60],
    source: 'opentracker trackerlogic.h: OT_PEER_TIMEOUT 45, ages counted from the begun minute (ot_clean.c)',
  },

  async version(host) {
    const { stdout } = await host.run(['dpkg-query', '--show', '--showformat=${Version}', 'opentracker'], {
      anyStatus: true,
    });
    return stdout.trim() || 'does not tell';
  },

  async prepare(_host, { folder, infoHash }) {
    await writeFile(join(folder, 'whitelist'), `${infoHash}\n`);
    const port = String(PORT);
    return ['opentracker', '-i', opentracker.address, '-p', port, '-P', port, '-d', folder, '-w', 'whitelist'];
  },
};
