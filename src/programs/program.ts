/**
 * Programs of this project that run on a lab host as processes of their own: watchers, injectors. They are run from
 * build/ by the Node.js that runs the harness, whether the harness itself runs from build/ or, in tests, from src/.
 */
import { compiled } from '../contracts/places.ts';
import type { Argv } from '../contracts/host.ts';

/**
 * Options of V8 for what goes from trial to trial. Left to itself it keeps the heap at ten megabytes and marks all of it
 * anew in every trial, has four helper threads woken for collections of a millisecond, and compiles at the highest level
 * what then runs some milliseconds a trial; with 20 labs on two cores a sixth of both programs' time went there.
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
  return [node, ...LASTING, ...program];
}
