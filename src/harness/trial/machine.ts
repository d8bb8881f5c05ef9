/** The machine's name in records: the same for all that it ran, another elsewhere, and nothing that says whose it is. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** Hexadecimal digits of a name: 48 bits, of which no two machines of a study share all. */
const DIGITS = 12;

/**
 * Hash of machine-id(5), kernel and processor. That id is confidential, so that only a hash of it may be given away; a
 * machine without one goes by the rest.
 */
export function machineId(): string {
  const parts = [readId(), os.release(), os.cpus()[0]?.model ?? '', String(os.cpus().length)];
  return createHash('sha256')
    .update(['killswitch-lab', ...parts].join('\0'))
    .digest('hex')
    .slice(0, DIGITS);
}

function readId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return '';
  }
}
