/** A Node.js of every release line that package.json (engines) names, from test/nodes, which is installed when it is asked for. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { programOutput } from './program.ts';

const FOLDER = path.resolve(import.meta.dirname, '../nodes');
/** Release lines that test/nodes/package.json pins a version of. */
export const LINES = ['20', '22', '24', '26'] as const;
export type Line = (typeof LINES)[number];

export async function installNodes(): Promise<void> {
  const modified = (...file: string[]): number =>
    statSync(path.join(FOLDER, ...file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modified('node_modules', '.package-lock.json') >= modified('package-lock.json')) return;
  await programOutput(['npm', 'ci', '--no-progress', '--loglevel=error'], { cwd: FOLDER });
}

export function nodeOf(line: Line): string {
  const node = path.join(FOLDER, 'node_modules', `node-${line}-${process.arch}`, 'bin', 'node');
  if (!existsSync(node)) throw new Error(`test/nodes/package.json has no Node.js ${line} for «${process.arch}»`);
  return node;
}
