/** Text streams of processes, a line at a time. */
import type { Readable } from 'node:stream';
import type { LineProcess, RunningProcess } from './contracts.ts';
import { describeExit } from './errors.ts';

/** Calls `onLine` with each line, without its end, in the turn of the event loop in which it is complete. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

/** Words of standard error kept for messages. */
const COMPLAINT_CHARACTERS = 2000;

/** A process as one that is talked to in lines. */
export function lineProcess(process: RunningProcess): LineProcess {
  const { stdin, stdout, stderr, exited } = process;
  let complaints = '';
  let onLine: (line: string) => void = () => undefined;
  stderr.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-COMPLAINT_CHARACTERS)));
  eachLine(stdout, (line) => onLine(line));
  return {
    hear: (listener) => (onLine = listener),
    tell: (line) => {
      if (stdin.writable) stdin.write(`${line}\n`);
    },
    get complaints() {
      return complaints.trim();
    },
    ended: exited,
    kill: () => process.signal('SIGKILL'),
  };
}

/** A process that answers each line written to it with one line. */
export class Conversation {
  readonly process: RunningProcess;
  readonly #name: string;
  readonly #waiting: { resolve: (line: string) => void; reject: (reason: Error) => void }[] = [];
  #complaints = '';
  #ended: Error | null = null;

  /** `name` is what messages call the process. */
  constructor(name: string, process: RunningProcess) {
    this.#name = name;
    this.process = process;
    eachLine(process.stdout, (line) => this.#waiting.shift()?.resolve(line));
    eachLine(process.stderr, (line) => (this.#complaints += `${line}\n`));
    void process.exited.then((status) => {
      this.#ended = new Error(
        `${this.#name} ended with ${describeExit(status)}: ${this.#complaints.trim() || '(no message)'}`,
      );
      for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
    });
  }

  /** Writes the line at once, in this turn of the event loop. Rejects when the process ends without an answer. */
  ask(line: string): Promise<string> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.process.stdin.write(`${line}\n`);
    });
  }

  async end(): Promise<void> {
    this.process.signal('SIGKILL');
    await this.process.exited;
  }
}
