/**
 * How each of the lab's own programs is run that is talked to in lines (startLines in lines.ts is the harness's end).
 *
 * With a job as its argument, `node swarm.js JOB`, it is on its host already and ends with its work. Without one it waits:
 * each assignment on its standard input names a job and a host, whose namespaces it enters for that work alone. A
 * program that waits is compiled and warm, where one that is started spends a fifth of a second of a processor on
 * becoming so, which with many labs side by side is most of what the processors are busy with.
 *
 * What it opens for an assignment belongs to the namespace it was opened in, and can reach nothing once that lab is gone;
 * what it says after its work is over, nobody hears.
 */
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { Visitor } from './visit.ts';

/** A program at work. */
export interface Serving {
  /** Any line but the one that says to stop. */
  onLine?(line: string): void | Promise<void>;
  stop(): void;
}

/** Begins the work; resolves when it is under way. `print` says one line. */
export type Serve = (job: string, print: (line: object) => void) => Promise<Serving>;

export const assignmentSchema = z.object({
  /** The namespaces of a process of the host, in /proc. */
  namespaces: z.string(),
  job: z.string(),
});
export type Assignment = z.infer<typeof assignmentSchema>;

/** What a program that waits says when its work is over and it has left the host. */
export const LEFT = JSON.stringify({ left: true });

const stopSchema = z.object({ command: z.literal('stop') });

/** Runs the program to its end: of its work, or, when it waits for work, of its standard input. */
export async function serve(start: Serve): Promise<never> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const [, , job] = process.argv;
  if (job === undefined) await wait(start, lines);
  else await work(start, job, lines);
  process.exit(0);
}

async function wait(start: Serve, lines: AsyncIterator<string>): Promise<void> {
  const visitor = await Visitor.atHome();
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const { namespaces, job } = assignmentSchema.parse(JSON.parse(next.value));
    visitor.enter(namespaces);
    await work(start, job, lines);
    visitor.leave();
    say(LEFT);
  }
}

/** One assignment, until it is told to stop or the harness is gone. */
async function work(start: Serve, job: string, lines: AsyncIterator<string>): Promise<void> {
  let over = false;
  const serving = await start(job, (line) => {
    if (!over) say(JSON.stringify(line));
  });
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    if (stopSchema.safeParse(JSON.parse(next.value)).success) break;
    await serving.onLine?.(next.value);
  }
  over = true;
  serving.stop();
}

/** Pipes are written synchronously: a line is out before the next packet is read. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
