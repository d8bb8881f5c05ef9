/** A client's output in lines: what comes through a stream, and what the client appends to a file of its own. */
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { readPart, watchFolder } from '../contracts/guest-folder.ts';

/** Longest line that is kept, in characters; the rest of a longer one is left out. */
const LONGEST_LINE = 16_384;
/** Most of a log that is read at once, in bytes: what a client wrote before that, faster than it is read, is passed over. */
const MOST_AT_ONCE = 1 << 20;

/** Splits text that comes in parts into lines, without the empty ones. */
export function lineSplitter(keep: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    // A carriage return alone ends a line too: progress lines are written over one another.
    const lines = (rest + text).split(/[\r\n]+/);
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const line of lines) if (line !== '') keep(line.slice(0, LONGEST_LINE));
  };
}

/** What a client appends to a file in its folder from now on, told by the kernel's file notifications. */
export class LogFile {
  readonly #guest: string;
  readonly #file: string;
  #inode = 0;
  #offset = 0;
  #watcher: FSWatcher | null = null;
  #drain: () => void = () => undefined;

  /** `file`: its path below the client's folder `guest`. */
  constructor(guest: string, file: string) {
    this.#guest = guest;
    this.#file = file;
    this.#appended(({ size }) => size);
  }

  follow(keep: (line: string) => void): void {
    const split = lineSplitter(keep);
    this.#drain = () => split(this.#appended(({ size }) => Math.max(this.#offset, size - MOST_AT_ONCE)));
    const name = basename(this.#file);
    this.#watcher = watchFolder(this.#guest, dirname(this.#file), (changed) => {
      if (changed === name) this.#drain();
    });
    this.#watcher?.on('error', () => this.#watcher?.close());
    this.#drain();
  }

  close(): void {
    this.#watcher?.close();
    this.#drain();
  }

  /** What stands in the file from a place on, which is then past. */
  #appended(from: (file: { readonly size: number }) => number): string {
    let start = 0;
    const part = readPart(this.#guest, this.#file, ({ ino, size }) => {
      // Another file, or shorter than what was read: the client rotated it.
      if (ino !== this.#inode || size < this.#offset) this.#offset = 0;
      this.#inode = ino;
      return (start = from({ size }));
    });
    if (part === null) return '';
    this.#offset = start + part.bytes.length;
    return part.bytes.toString('utf8');
  }
}
