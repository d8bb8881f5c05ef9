/** Every client of the catalogue, held to its contract (test/kit/client-compliance.ts) on hosts of either kind. */
import { clients } from '../../src/clients/index.ts';
import { clientsIn } from '../kit/client-bench.ts';
import { clientCompliance, type KnownOfClient } from '../kit/client-compliance.ts';
import { PLACES } from '../kit/lab-places.ts';

const KNOWN: Readonly<Record<string, KnownOfClient>> = {
  transmission: { calm: true },
  deluge: { calm: true, lateOff: ['dht', 'lsd', 'portMapping'] },
  biglybt: { calm: true },
  ktorrent: { onNeed: ['utp'] },
  btfs: { notInContainers: true },
};
const NEEDS = clients.flatMap(({ needs }) => needs);

for (const place of PLACES)
  describe(`torrent clients in ${place.where}`, () => {
    const opened = clientsIn(place, NEEDS);
    for (const client of clients) clientCompliance(client, opened, KNOWN[client.id]);
  });
