/** Text streams of processes, a line at a time. */
import type { Readable } from 'node:stream';
import type { Argv, Host, LineProcess, RunningProcess } from '../contracts/host.ts';

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

/** Puts a program that is talked to in lines (programs/waiting.ts) to work on a host: one that waits for work, or one of its own. */
export async function startLines(host: Host, argv: Argv, job: string): Promise<LineProcess> {
  return host.lend === undefined ? lineProcess(await host.spawn([...argv, job])) : host.lend(argv, job);
}

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
    hasten: () => process.hasten?.(),
    kill: () => process.signal('SIGKILL'),
  };
}
