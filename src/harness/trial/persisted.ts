/**
 * Finds which marked members a client has written into its files: its resume data, its DHT table. Peers and nodes are
 * stored packed by every client the lab knows (4 or 16 bytes of address, then 2 of port, as on the wire), whatever is
 * around them, so the packed endpoint is looked for. What a client stores in any other form is not seen.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { addressBytes } from '../../probes/swarm/compact.ts';
import type { SwarmMap } from '../../records/identity.ts';

/** Ids of the marked members in the file, or in any file of the folder; null when there is neither. */
export async function markedIn(fileOrFolder: string, swarm: SwarmMap): Promise<string[] | null> {
  const files = await filesIn(fileOrFolder);
  if (files === null) return null;
  const contents = await Promise.all(files.map((file) => readFile(file)));
  const marked = new Set(swarm.marked);
  return [...swarm.peers, ...swarm.dhtNodes].flatMap(({ id, addresses, port }) => {
    const packed = addresses.map((address) => Buffer.from([...addressBytes(address), port >> 8, port & 0xff]));
    return marked.has(id) && contents.some((content) => packed.some((bytes) => content.includes(bytes))) ? [id] : [];
  });
}

async function filesIn(fileOrFolder: string): Promise<string[] | null> {
  const found = await stat(fileOrFolder).catch(() => null);
  if (found === null) return null;
  if (!found.isDirectory()) return [fileOrFolder];
  const entries = await readdir(fileOrFolder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [path.join(entry.parentPath, entry.name)] : []));
}
