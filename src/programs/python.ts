/**
 * Programs in Python, for the packages that have no other way in: files beside what starts them, read as they stand in
 * src/ and given to the interpreter as text, since a lab in containers has no src/.
 */
import { readFile } from 'node:fs/promises';
import { asset } from '../contracts/places.ts';
import type { Argv, Host, Need } from '../contracts/host.ts';

/** The system's Python, for which the distribution packages its modules. */
const PYTHON = '/usr/bin/python3';
/** Neither the environment nor anybody's home says what is imported. */
const ISOLATED = '-I';

/** The binding to libtorrent-rasterbar: a package without a command, known by a folder that it brings. */
export const PYTHON_LIBTORRENT: Need = {
  command: '/usr/lib/python3/dist-packages/libtorrent.egg-info',
  package: 'python3-libtorrent',
};

/** How to run a program of src/, e.g. `pythonArgv('clients/deluge-rpc.py')`. */
export async function pythonArgv(file: string, ...args: readonly string[]): Promise<Argv> {
  return [PYTHON, ISOLATED, '-c', await readFile(asset(file), 'utf8'), ...args];
}

/** The library's version, as its binding tells it. */
export async function libtorrentVersion(host: Host): Promise<string> {
  const { stdout } = await host.run([PYTHON, ISOLATED, '-c', 'import libtorrent; print(libtorrent.version)']);
  return stdout.trim();
}
