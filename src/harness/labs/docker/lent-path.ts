/**
 * What of this machine a user's stack is lent: files and folders below its compose file's folder, wherever links lead.
 * The engine would mount anything it is told, and its own socket is all of the machine.
 */
import { lstat, opendir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { RequestError, messageOf } from '../../../contracts/errors.ts';

/** Most entries of a folder that is lent: all are looked at. */
const MOST_ENTRIES = 10_000;

/**
 * The real path of `source`, which a compose file in `folder` names in `field`. Throws `RequestError` unless it is a file
 * or a folder below that one, and has nothing else in it.
 */
export async function lentPath(folder: string, source: string, field: string): Promise<string> {
  const refused = (why: string): RequestError =>
    new RequestError(
      `${field}: «${source}» ${why}. Give the path of a file or folder below the compose file's folder.`,
    );
  const resolve = (file: string): Promise<string> =>
    realpath(file).catch((error: unknown) => {
      throw refused(`cannot be found: ${messageOf(error)}`);
    });
  const [root, real] = [await resolve(folder), await resolve(path.resolve(folder, source))];
  if (root === path.parse(root).root) throw refused('would be any file: the compose file lies in the root folder');
  const below = path.relative(root, real);
  if (below === '' || below.split(path.sep)[0] === '..' || path.isAbsolute(below)) {
    throw refused(`is ${real}, which does not lie below ${root}`);
  }
  // The engine parts source, target and options at colons.
  if (real.includes(':')) throw refused(`is ${real}, whose colon the engine would take for its own`);
  const strange = await strangerIn(real);
  if (strange !== null)
    throw refused(`leads to ${strange}, which is no file, folder or link (a socket, a pipe, a device)`);
  return real;
}

/** The path itself, or the first one below it, that is neither a file nor a folder; null where there is none. */
async function strangerIn(real: string): Promise<string | null> {
  const stats = await lstat(real);
  if (stats.isFile()) return null;
  if (!stats.isDirectory()) return real;
  let looked = 0;
  for await (const entry of await opendir(real, { recursive: true })) {
    // A link is followed in the container, where it leads to what is there.
    const usual = entry.isFile() || entry.isDirectory() || entry.isSymbolicLink();
    if (!usual) return path.join(entry.parentPath, entry.name);
    if (++looked > MOST_ENTRIES) {
      throw new RequestError(`${real} has more than ${MOST_ENTRIES} entries: lend a stack a smaller folder.`);
    }
  }
  return null;
}
