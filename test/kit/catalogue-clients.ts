/**
 * The clients of the catalogue, held to their contract (client-compliance.ts) on hosts of one kind. Each kind has a file of
 * tests of its own: they take longest of all, mostly by waiting, and files are run side by side.
 */
import { clients } from '../../src/clients/index.ts';
import { clientsIn } from './client-bench.ts';
import { clientCompliance, type KnownOfClient } from './client-compliance.ts';
import type { LabPlace } from './lab-places.ts';

const KNOWN: Readonly<Record<string, KnownOfClient>> = {
  transmission: { calm: true },
  deluge: { calm: true, lateOff: ['dht', 'lsd', 'portMapping'] },
  biglybt: { calm: true },
  ktorrent: { onNeed: ['utp'] },
  btfs: { notInContainers: true },
};
const NEEDS = clients.flatMap(({ needs }) => needs);

/** Tests every client of the catalogue in `place`. */
export function catalogueCompliance(place: LabPlace): void {
  describe(`torrent clients in ${place.where}`, () => {
    const opened = clientsIn(place, NEEDS);
    for (const client of clients) clientCompliance(client, opened, KNOWN[client.id]);
  });
}
