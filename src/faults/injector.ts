/**
 * The injector: a process on the host that is to suffer, started and proven ready before the moment, that makes the
 * fault's change and reads the clock just before and just after it. Being alone, it is not held up by whatever else
 * the trial's process has to do.
 *
 * Run as `node build/faults/injector.js '{"originUnixNs": ..., "folder": ...}'`; see acts.ts for what it is told.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { Clock, type Bracket } from '../harness/clock.ts';
import { injectorJobSchema, prepareSchema, type Act, type Answer } from './acts.ts';
import { RunningCommand, type CommandProgram } from './command.ts';
import { WaitingProgram } from './feed.ts';

const STDIN = 0;
const STDOUT = 1;
/** Writes of the idle value before a file counts as ready: the path through the kernel is then in the caches. */
const IDLE_WRITES = 20;

const job = injectorJobSchema.parse(JSON.parse(process.argv[2] ?? ''));
const clock = new Clock(BigInt(job.originUnixNs));
const commands = new Map<CommandProgram, RunningCommand>();
const files = new Map<string, number>();
const buffer = Buffer.alloc(64 * 1024);

type Step = () => string;

/** The prepared change: each step carries something out and gives what a program complained of. */
let change: { readonly steps: readonly Step[]; readonly afterwards: readonly Step[] } | null = null;
/** Programs that wait for their input: closing it would make them act. */
let waiting: WaitingProgram[] = [];

let unread = '';
for (;;) {
  const length = readSync(STDIN, buffer);
  if (length === 0) break;
  const lines = (unread + buffer.toString('utf8', 0, length)).split('\n');
  unread = lines.pop() ?? '';
  for (const line of lines) answer(respond(line));
}

function answer(said: Answer): void {
  writeSync(STDOUT, JSON.stringify(said) + '\n');
}

function respond(line: string): Answer {
  if (line === 'end') {
    for (const program of waiting) program.kill();
    process.exit(0);
  }
  try {
    return line === 'inject' ? inject() : prepare(line);
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

function inject(): Bracket & { complaints: string } {
  if (change === null) throw new Error('nothing is prepared');
  const { steps, afterwards } = change;
  change = null;
  let complaints = '';
  const beforeNs = clock.nowNs();
  for (const step of steps) complaints += step();
  const afterNs = clock.nowNs();
  for (const step of afterwards) complaints += step();
  waiting = [];
  return { beforeNs, afterNs, complaints };
}

function prepare(line: string): Answer {
  const { prepare: acts, afterwards } = prepareSchema.parse(JSON.parse(line));
  for (const program of waiting.splice(0)) program.kill();
  change = { steps: acts.map(prepareAct), afterwards: afterwards.map(prepareAct) };
  for (let reading = 0; reading < IDLE_WRITES; reading++) clock.nowNs();
  clock.recalibrate();
  return { ready: true };
}

function prepareAct(act: Act): Step {
  switch (act.act) {
    case 'command': {
      const command = commands.get(act.program) ?? new RunningCommand(act.program, job.folder);
      commands.set(act.program, command);
      const text = command.prime(act.lines);
      return () => command.carryOut(text);
    }
    case 'write': {
      // Opened anew each time: a device that was made again has other files under the same names.
      const former = files.get(act.path);
      if (former !== undefined) closeSync(former);
      const file = openSync(act.path, 'r+');
      files.set(act.path, file);
      for (let write = 0; write < IDLE_WRITES; write++) writeSync(file, act.idle, 0);
      return () => {
        writeSync(file, act.text, 0);
        return '';
      };
    }
    case 'feed': {
      const program = new WaitingProgram(act.argv, job.folder);
      waiting.push(program);
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
