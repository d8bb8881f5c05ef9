/**
 * Programs on pipes whose descriptors are at hand: what Node.js puts between itself and its child is a socket, whose
 * descriptor is out of reach. Anonymous ones: a program that opens its standard input by name (`wg setconf ... /dev/stdin`)
 * then finds what was written to it also when the writer has closed already, where a named pipe has it wait for another
 * writer for ever (fifo(7)).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { errno, load } from 'koffi';
import * as z from 'zod';

/**
 * Flag of fcntl.h that closes a descriptor in programs that are started: whoever is started gets the end that is meant
 * for it, and no other.
 */
const O_CLOEXEC = 0o2_000_000;

const pipe2 = load(null).func('int pipe2(int *ends, int flags)');

export interface PipedProgram {
  readonly child: ChildProcess;
  /** The end of its standard input to write to, and the end of its standard output and error to read from. */
  readonly input: number;
  readonly output: number;
}

/** Starts a program; who has it closes both ends. Throws when it cannot be started. */
export function startPiped([file = '', ...args]: readonly string[]): PipedProgram {
  const input = openPipe();
  const output = openPipe();
  const child = spawn(file, args, { stdio: [input.reader, output.writer, output.writer] });
  closeSync(input.reader);
  closeSync(output.writer);
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  return { child, input: input.writer, output: output.reader };
}

/** Descriptors of both ends of a new pipe. Throws where the system has none left. */
function openPipe(): { reader: number; writer: number } {
  const ends = new Int32Array(2);
  if (z.number().parse(pipe2(ends, O_CLOEXEC)) !== 0) throw new Error(`pipe2(2) failed with errno ${errno()}`);
  const [reader = -1, writer = -1] = ends;
  return { reader, writer };
}
