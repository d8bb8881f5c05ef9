/**
 * The injector: a process on the host that is to suffer, started and proven ready before the moment, that makes the
 * fault's change and reads the clock just before and just after it. Being alone, it is not held up by whatever else
 * the trial's process has to do.
 *
 * Run as `node build/faults/injector.js '{"originUnixNs": ...}'`; see acts.ts for what it is told. Without
 * a job it waits, as src/programs/waiting.ts describes, and is lent to one host after the other.
 *
 * Its loop is its own, beside that of `serve`, because it blocks: at work it reads its orders by read(2) and turns no event
 * loop, so that it is on the processor sooner than a program that polls (command.ts has the figure) and nothing of the loop,
 * a timer or the end of a program, comes between the order and the change.
 */
import { closeSync, openSync, read, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { Clock, type Bracket } from '../contracts/clock.ts';
import { LEFT, assignmentSchema } from '../programs/waiting.ts';
import { beginRealTime, endRealTime } from '../programs/real-time.ts';
import { Visitor } from '../programs/visit.ts';
import { injectorJobSchema, prepareSchema, type Act, type Answer } from './acts.ts';
import { RunningCommand, type CommandProgram } from './command.ts';
import { WaitingProgram } from './feed.ts';

const STDIN = 0;
const STDOUT = 1;
/** Writes of the idle value before a file counts as ready: the path through the kernel is then in the caches. */
const IDLE_WRITES = 20;

type Step = () => string;

/** The injector at work on one host. */
class Injector {
  readonly #clock: Clock;
  readonly #commands = new Map<CommandProgram, RunningCommand>();
  readonly #files = new Map<string, number>();
  /** The prepared change: each step carries something out and gives what a program complained of. */
  #change: { readonly steps: readonly Step[]; readonly afterwards: readonly Step[] } | null = null;
  /** Programs that wait for their input: closing it would make them act. */
  #waiting: WaitingProgram[] = [];

  constructor(job: string) {
    const { originUnixNs } = injectorJobSchema.parse(JSON.parse(job));
    this.#clock = new Clock(BigInt(originUnixNs));
  }

  respond(line: string): Answer {
    try {
      if (line === 'here') return { ready: true };
      return line === 'inject' ? this.#inject() : this.#prepare(line);
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
  }

  end(): void {
    for (const program of [...this.#waiting, ...this.#commands.values()]) program.kill();
    for (const file of this.#files.values()) closeSync(file);
  }

  #inject(): Bracket & { complaints: string } {
    if (this.#change === null) throw new Error('nothing is prepared');
    const { steps, afterwards } = this.#change;
    this.#change = null;
    let complaints = '';
    const beforeNs = this.#clock.nowNs();
    for (const step of steps) complaints += step();
    const afterNs = this.#clock.nowNs();
    for (const step of afterwards) complaints += step();
    this.#waiting = [];
    return { beforeNs, afterNs, complaints };
  }

  #prepare(line: string): Answer {
    const { prepare: acts, afterwards } = prepareSchema.parse(JSON.parse(line));
    for (const program of this.#waiting.splice(0)) program.kill();
    this.#change = {
      steps: acts.map((act) => this.#prepareAct(act)),
      afterwards: afterwards.map((act) => this.#prepareAct(act)),
    };
    for (let reading = 0; reading < IDLE_WRITES; reading++) this.#clock.nowNs();
    this.#clock.recalibrate();
    return { ready: true };
  }

  #prepareAct(act: Act): Step {
    switch (act.act) {
      case 'command': {
        const command = this.#commands.get(act.program) ?? new RunningCommand(act.program);
        this.#commands.set(act.program, command);
        const text = command.prime(act.lines);
        return () => command.carryOut(text);
      }
      case 'write': {
        // Opened anew each time: a device that was made again has other files under the same names.
        const former = this.#files.get(act.path);
        if (former !== undefined) closeSync(former);
        const file = openSync(act.path, 'r+');
        this.#files.set(act.path, file);
        for (let write = 0; write < IDLE_WRITES; write++) writeSync(file, act.idle, 0);
        return () => {
          writeSync(file, act.text, 0);
          return '';
        };
      }
      case 'feed': {
        const program = new WaitingProgram(act.argv);
        this.#waiting.push(program);
        return () => program.feed(act.input);
      }
      case 'signal': {
        for (const pid of act.pids) process.kill(pid, 0);
        return () => {
          for (const pid of act.pids) process.kill(pid, act.signal);
          return '';
        };
      }
    }
  }
}

const buffer = Buffer.alloc(64 * 1024);
const lines: string[] = [];
let rest = '';

function take(length: number): void {
  const parts = (rest + buffer.toString('utf8', 0, length)).split('\n');
  rest = parts.pop() ?? '';
  lines.push(...parts);
}

/** The next line, waited for without doing anything else; null at the end of the input. */
function nextLine(): string | null {
  while (lines.length === 0) {
    const length = readSync(STDIN, buffer);
    if (length === 0) return null;
    take(length);
  }
  return lines.shift() ?? null;
}

/** Works until it is told that this is the end, or the input ends. */
function work(job: string): void {
  const injector = new Injector(job);
  beginRealTime();
  for (let line = nextLine(); line !== null && line !== 'end'; line = nextLine()) {
    writeSync(STDOUT, JSON.stringify(injector.respond(line)) + '\n');
  }
  injector.end();
  endRealTime();
}

/**
 * Waits for the next host, between two of which the event loop turns: it buries the programs that the injector has
 * started.
 */
async function wait(): Promise<void> {
  const visitor = await Visitor.atHome();
  for (;;) {
    const { bytesRead } = await promisify(read)(STDIN, buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    take(bytesRead);
    for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
      const { namespaces, job } = assignmentSchema.parse(JSON.parse(line));
      visitor.enter(namespaces);
      work(job);
      visitor.leave();
      writeSync(STDOUT, `${LEFT}\n`);
    }
  }
}

const [, , job] = process.argv;
if (job === undefined) await wait();
else work(job);
process.exit(0);
