/**
 * A command program of the distribution, running and waiting: what is written to it is carried out by a process that
 * was proven ready, and its own answer says when it has been. Blocking on purpose: the injector has nothing else to
 * do, and a blocked reader is on the processor sooner than one that polls (measured: 90 us against 160 us).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, readSync, writeSync } from 'node:fs';
import { openPipe } from './pipe.ts';

export type CommandProgram = 'ip' | 'ip6' | 'nft';

interface Dialect {
  readonly argv: readonly [string, ...string[]];
  /** A command that changes nothing and is answered, which is how the program tells that all before it is done. */
  readonly probe: string;
  readonly answer: RegExp;
  /**
   * The program reads character by character (libedit), so that a line written beforehand without its end costs
   * nothing when the end is written.
   */
  readonly primed: boolean;
}

const iproute = (...family: readonly string[]): Dialect => ({
  argv: ['ip', ...family, '-force', '-batch', '-'],
  // No such object: the complaint comes unbuffered and costs no round trip to the kernel.
  probe: 'done',
  answer: /^Object "done" is unknown.*\nCommand failed.*\n/m,
  primed: false,
});

const DIALECTS: Readonly<Record<CommandProgram, Dialect>> = {
  ip: iproute(),
  ip6: iproute('-6'),
  nft: { argv: ['nft', '-i'], probe: 'describe tcp dport', answer: /^payload expression, .*\n/m, primed: true },
};

/** Round trips before it counts as ready: proves it, and lets both sides' code and caches warm up. */
const ROUND_TRIPS = 20;

export class RunningCommand {
  readonly #dialect: Dialect;
  readonly #child: ChildProcess;
  readonly #input: number;
  readonly #output: number;
  readonly #buffer = Buffer.alloc(64 * 1024);
  #text = '';

  /** Throws when it does not answer. */
  constructor(program: CommandProgram) {
    this.#dialect = DIALECTS[program];
    const input = openPipe();
    const output = openPipe();
    const [file, ...args] = this.#dialect.argv;
    this.#child = spawn(file, args, { stdio: [input.reader, output.writer, output.writer] });
    closeSync(input.reader);
    closeSync(output.writer);
    this.#input = input.writer;
    this.#output = output.reader;
    if (this.#child.pid === undefined) throw new Error(`${file} could not be started`);
    for (let trip = 0; trip < ROUND_TRIPS; trip++) this.carryOut('');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
    closeSync(this.#input);
    closeSync(this.#output);
  }

  /** Hands over what can be handed over before the moment; gives what is left to write at the moment. */
  prime(lines: readonly string[]): string {
    if (!this.#dialect.primed) return lines.join('\n') + '\n';
    writeSync(this.#input, lines.join('; '));
    return '\n';
  }

  /** Writes the text in one write, waits until it has been carried out, and gives what the program complained of. */
  carryOut(text: string): string {
    writeSync(this.#input, `${text}${this.#dialect.probe}\n`);
    for (;;) {
      const length = readSync(this.#output, this.#buffer);
      if (length === 0) throw new Error(`${this.#dialect.argv[0]} ended: ${this.#text.trim()}`);
      this.#text += this.#buffer.toString('utf8', 0, length);
      const answer = this.#dialect.answer.exec(this.#text);
      if (answer === null) continue;
      const complaints = this.#text.slice(0, answer.index);
      this.#text = this.#text.slice(answer.index + answer[0].length);
      return complaints;
    }
  }
}
