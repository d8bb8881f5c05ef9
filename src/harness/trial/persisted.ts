/**
 * Finds which marked members a client has written into its files: its resume data, its DHT table. Peers and nodes are
 * stored packed by every client the lab knows (4 or 16 bytes of address, then 2 of port, as on the wire), whatever is
 * around them, so the packed endpoint is looked for. What a client stores in any other form is not seen.
 */
import { filesIn, readFileIn } from '../../contracts/guest-folder.ts';
import { addressBytes } from '../../probes/swarm/compact.ts';
import type { SwarmMap } from '../../records/identity.ts';

/** Most that is looked through, in bytes. */
const MOST_BYTES = 256 << 20;

/**
 * Ids of the marked members in the client's file, or in any file of its folder; null when there is neither. Throws where
 * there is more than can be looked through: what was not seen would be told as absent.
 */
export function markedIn(guest: string, fileOrFolder: string, swarm: SwarmMap): string[] | null {
  const files = filesIn(guest, fileOrFolder);
  if (files === null) return null;
  const marked = new Set(swarm.marked);
  const wanted = [...swarm.peers, ...swarm.dhtNodes]
    .filter(({ id }) => marked.has(id))
    .map(({ id, addresses, port }) => ({
      id,
      packed: addresses.map((address) => Buffer.from([...addressBytes(address), port >> 8, port & 0xff])),
    }));
  const found = new Set<string>();
  let looked = 0;
  for (const file of files) {
    const content = readFileIn(guest, file);
    if (content === null) continue;
    looked += content.length;
    if (looked > MOST_BYTES) throw new Error(`the client keeps more than ${MOST_BYTES} bytes in «${fileOrFolder}»`);
    for (const { id, packed } of wanted) if (packed.some((bytes) => content.includes(bytes))) found.add(id);
  }
  return wanted.map(({ id }) => id).filter((id) => found.has(id));
}
