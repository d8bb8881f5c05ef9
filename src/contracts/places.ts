/**
 * Where the project's own files are. The one module that asks where it is itself: it lies two folders below the project
 * both as a source (src/contracts/) and compiled (build/contracts/), and the bundler gives its copies in other files the
 * place of the compiled one (bundle.mjs).
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** The absolute path of something of the project, e.g. `inProject('scenarios')`; without parts, the project's folder. */
export function inProject(...parts: readonly string[]): string {
  return path.join(PROJECT, ...parts);
}

/** The absolute path of a file that is read as it stands in src/ (a page, a style sheet, a Python program). */
export function asset(file: string): string {
  return inProject('src', file);
}

/** The absolute path of a compiled program, e.g. `compiled('faults/injector')`. */
export function compiled(program: string): string {
  return inProject('build', `${program}.js`);
}
