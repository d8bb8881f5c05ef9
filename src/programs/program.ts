/**
 * Programs of this project that run on a lab host as processes of their own: watchers, injectors. They are run from
 * build/ by the Node.js that runs the harness, whether the harness itself runs from build/ or, in tests, from src/.
 */
import { spawnSync } from 'node:child_process';
import { compiled } from '../contracts/places.ts';
import type { Argv } from '../contracts/host.ts';

/**
 * Options of V8 for what goes from trial to trial. Left to itself it keeps the heap at ten megabytes and marks all of it
 * anew in every trial, has four helper threads woken for collections of a millisecond, and compiles at the highest level
 * what then runs some milliseconds a trial; with 20 labs on two cores a sixth of both programs' time went there. A V8 that
 * lacks one of them is run without it.
 */
const LASTING = [
  '--single-threaded-gc',
  '--initial-heap-size=64',
  '--heap-growing-percent=300',
  '--min-semi-space-size=16',
  '--no-memory-reducer',
  // Seven times the usual one: bytes of bytecode that a function runs before it is compiled so.
  '--interrupt-budget=500000',
] as const;

/** How to run `build/<file>.js`; what it is to do is its one argument more. */
export function programArgv(file: string): Argv {
  return [process.execPath, compiled(file)];
}

/** Command line of the same program of Node.js, kept as one that goes from trial to trial. */
export function lasting([node, ...program]: Argv): Argv {
  return [node, ...lastingOptions(node), ...program];
}

const asked = new Map<string, readonly string[]>();

/** Gives the options of `LASTING` that this Node.js knows: it ends at once when given another. Asking takes 25 ms. */
export function lastingOptions(node: string): readonly string[] {
  const known = asked.get(node) ?? inherited(node) ?? ask(node);
  asked.set(node, known);
  return known;
}

/** A program that goes from trial to trial starts others with what it was itself started with. */
function inherited(node: string): readonly string[] | undefined {
  const own = LASTING.filter((option) => process.execArgv.includes(option));
  return node === process.execPath && own.length > 0 ? own : undefined;
}

function ask(node: string): readonly string[] {
  const { stdout, error } = spawnSync(node, ['--v8-options'], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  if (error !== undefined) throw error;
  const known = new Set(Array.from(stdout.matchAll(/^ *--([\w-]+)/gm), ([, name]) => name));
  return LASTING.filter((option) => known.has(/^--(?:no-)?([\w-]+)/.exec(option)?.[1]));
}
