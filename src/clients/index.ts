/** The catalogue of torrent clients. Adding one is a file and a line here; the compliance suite then covers it. */
import type { TorrentClient } from '../contracts/client.ts';
import { RequestError } from '../contracts/errors.ts';
import { aria2 } from './aria2.ts';
import { biglybt } from './biglybt.ts';
import { btfs } from './btfs.ts';
import { ctorrent } from './ctorrent.ts';
import { deluge } from './deluge.ts';
import { ktorrent } from './ktorrent.ts';
import { libtorrent } from './libtorrent.ts';
import { qbittorrent } from './qbittorrent.ts';
import { rtorrent } from './rtorrent.ts';
import { transmission } from './transmission.ts';
import { webtorrent } from './webtorrent.ts';

export const clients: readonly TorrentClient[] = [
  aria2,
  biglybt,
  btfs,
  ctorrent,
  deluge,
  ktorrent,
  libtorrent,
  qbittorrent,
  rtorrent,
  transmission,
  webtorrent,
];

/** The client of that id. Throws `RequestError`, which lists those there are. */
export function clientById(id: string): TorrentClient {
  const client = clients.find((candidate) => candidate.id === id);
  if (client === undefined) {
    throw new RequestError(
      `There is no torrent client «${id}». Known clients: ${clients.map((known) => known.id).join(', ')}.`,
    );
  }
  return client;
}
