/**
 * Pipes whose descriptors are at hand: an anonymous pipe between Node.js and its child is a socket, and its descriptor is
 * out of reach, so both ends of a named one are opened and the name is taken away.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import path from 'node:path';

let opened = 0;

export function openPipe(folder: string): { reader: number; writer: number } {
  const file = path.join(folder, `pipe-${process.pid}-${(opened += 1)}`);
  execFileSync('mkfifo', [file]);
  // A reader must exist before a writer can open it, and the other way round: one that does not block breaks the knot.
  const opener = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(file, constants.O_WRONLY);
  const reader = openSync(file, constants.O_RDONLY);
  closeSync(opener);
  unlinkSync(file);
  return { reader, writer };
}
