// Loads TypeScript sources through ts-node, once per text: what it made is kept, by what it was made of. The tests start a
// program of theirs for every lab, a few hundred in all, and each would spend two seconds of a processor on loading the
// compiler and on compiling the same files again.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (...parts) => path.join(import.meta.dirname, '..', ...parts);
const KEPT = at('node_modules', '.cache', 'tests');
/** Files that what is made of a text depends on besides: the versions of the compiler, its settings, and this one. */
const RECIPES = ['package-lock.json', 'tsconfig.json', 'test/register.mjs', 'test/hooks.mjs'];
const recipe = await Promise.all(RECIPES.map((file) => readFile(at(file))));

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const hash = createHash('sha256');
  for (const part of [...recipe, url, await readFile(fileURLToPath(url))]) hash.update(part).update('\0');
  const file = path.join(KEPT, `${hash.digest('hex')}.mjs`);
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept !== null) return { format: 'module', source: kept, shortCircuit: true };
  const compiler = await import('ts-node/esm');
  const compiled = await compiler.load(url, { ...context, format: 'module' }, next);
  await keep(file, compiled.source);
  return compiled;
}

/** Others load the same file at the same time: they see all of it or nothing. Who may not write here compiles each time. */
async function keep(file, source) {
  try {
    await mkdir(KEPT, { recursive: true });
    // A process's id is not its own alone: every lab has process 2.
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, source);
    await rename(draft, file);
  } catch (error) {
    if (!['EACCES', 'EROFS'].includes(error.code)) throw error;
  }
}
