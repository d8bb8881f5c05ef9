/**
 * A program that reads all of its standard input and then acts, once: `iptables-restore`, `wg setconf`. It is started
 * beforehand and waits for its input; what it says until it ends is what it complains of.
 */
import { closeSync, readSync, writeSync } from 'node:fs';
import { startPiped, type PipedProgram } from './pipe.ts';

export class WaitingProgram {
  readonly #program: PipedProgram;
  readonly #buffer = Buffer.alloc(4096);
  #fed = false;

  constructor(argv: readonly string[]) {
    this.#program = startPiped(argv);
  }

  /** Ends it, also before it has been fed. */
  kill(): void {
    this.#program.child.kill('SIGKILL');
    if (this.#fed) return;
    closeSync(this.#program.input);
    closeSync(this.#program.output);
  }

  /** Gives it its input in one write, waits until it has ended, and gives what it said. */
  feed(text: string): string {
    this.#fed = true;
    writeSync(this.#program.input, text);
    closeSync(this.#program.input);
    let said = '';
    for (;;) {
      const length = readSync(this.#program.output, this.#buffer);
      if (length === 0) break;
      said += this.#buffer.toString('utf8', 0, length);
    }
    closeSync(this.#program.output);
    return said;
  }
}
