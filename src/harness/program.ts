/**
 * Programs of this project that run on a lab host as processes of their own: watchers, injectors. They are run from
 * build/ by the Node.js that runs the harness, whether the harness itself runs from build/ or, in tests, from src/.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Argv } from './contracts.ts';

const BUILD = fileURLToPath(new URL('../../build/', import.meta.url));

/** How to run `build/<file>.js`; what it is to do is its one argument more. */
export function programArgv(file: string): Argv {
  return [process.execPath, path.join(BUILD, `${file}.js`)];
}
