/**
 * A program that reads all of its standard input and then acts, once: `iptables-restore`, `wg setconf`. It is started
 * beforehand and waits for its input; what it says until it ends is what it complains of.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, readSync, writeSync } from 'node:fs';
import { openPipe } from './pipe.ts';

export class WaitingProgram {
  readonly #child: ChildProcess;
  readonly #input: number;
  readonly #output: number;
  readonly #buffer = Buffer.alloc(4096);
  #fed = false;

  constructor([file = '', ...args]: readonly string[]) {
    const input = openPipe();
    const output = openPipe();
    this.#child = spawn(file, args, { stdio: [input.reader, output.writer, output.writer] });
    closeSync(input.reader);
    closeSync(output.writer);
    this.#input = input.writer;
    this.#output = output.reader;
    if (this.#child.pid === undefined) throw new Error(`${file} could not be started`);
  }

  /** Ends it, also before it has been fed. */
  kill(): void {
    this.#child.kill('SIGKILL');
    if (this.#fed) return;
    closeSync(this.#input);
    closeSync(this.#output);
  }

  /** Gives it its input in one write, waits until it has ended, and gives what it said. */
  feed(text: string): string {
    this.#fed = true;
    writeSync(this.#input, text);
    closeSync(this.#input);
    let said = '';
    for (;;) {
      const length = readSync(this.#output, this.#buffer);
      if (length === 0) break;
      said += this.#buffer.toString('utf8', 0, length);
    }
    closeSync(this.#output);
    return said;
  }
}
