/**
 * Where the project's own files are. The one module that asks where it is itself: it lies in contracts/ of src/, or of a
 * build (build/NAME/, see bootstrap.mjs); the bundler gives its copies in other files the place of the compiled one
 * (bundle.mjs).
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** src/, or the build that runs. */
const HERE = fileURLToPath(new URL('..', import.meta.url));
const IS_SOURCE = path.basename(HERE) === 'src';
const PROJECT = path.join(HERE, IS_SOURCE ? '..' : '../..');

/** The absolute path of something of the project, e.g. `inProject('scenarios')`; without parts, the project's folder. */
export function inProject(...parts: readonly string[]): string {
  return path.join(PROJECT, ...parts);
}

/** The absolute path of a file that is read as it stands in src/ (a page, a style sheet, a Python program). */
export function asset(file: string): string {
  return path.join(HERE, file);
}

/**
 * The absolute path of a compiled program, e.g. `compiled('faults/injector')`: of the build that runs, whatever has been
 * made since; from src/, as in tests, of the newest.
 */
export function compiled(program: string): string {
  return path.join(IS_SOURCE ? realpathSync(inProject('build', 'current')) : HERE, `${program}.js`);
}
