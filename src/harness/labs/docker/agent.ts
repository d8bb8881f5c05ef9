/**
 * The agent: the one process each container of a lab is started with. It starts programs, passes their streams on and
 * signals them as the harness asks, so that nothing during a trial costs a `docker exec`. It ends when its standard
 * input does, which is when the harness is gone.
 *
 * Run as `node build/harness/labs/docker/agent.js` by the engine; speaks frames.ts.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { messageOf } from '../../../contracts/errors.ts';
import {
  ANSWER,
  FrameReader,
  REQUEST,
  encodeFrame,
  signalSchema,
  startSchema,
  type Frame,
  type FrameKind,
} from './frames.ts';
import { adoptOrphans } from './orphans.ts';

const children = new Map<number, ChildProcessWithoutNullStreams>();

function tell(kind: FrameKind, id: number, content?: Uint8Array | object | string): void {
  process.stdout.write(encodeFrame(kind, id, content));
}

function obey({ kind, process: id, bytes }: Frame): void {
  const child = children.get(id);
  switch (kind) {
    case REQUEST.start:
      start(id, bytes);
      break;
    case REQUEST.input:
      child?.stdin.write(Buffer.from(bytes));
      break;
    case REQUEST.inputEnd:
      child?.stdin.end();
      break;
    case REQUEST.signal:
      child?.kill(signalSchema.parse(JSON.parse(bytes.toString())));
      break;
    default:
      throw new Error(`the harness sent a frame of unknown kind ${kind}`);
  }
}

function start(id: number, bytes: Buffer): void {
  const { argv, env, cwd } = startSchema.parse(JSON.parse(bytes.toString()));
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  let started = false;
  children.set(id, child);
  // A program that ends early closes its standard input; the harness learns that from `exited`.
  child.stdin.on('error', () => undefined);
  child.once('spawn', () => {
    started = true;
    tell(ANSWER.started, id, { pid: child.pid });
  });
  child.once('error', (error) => {
    if (!started) tell(ANSWER.failed, id, messageOf(error));
  });
  child.stdout.on('data', (chunk: Buffer) => tell(ANSWER.output, id, chunk));
  child.stderr.on('data', (chunk: Buffer) => tell(ANSWER.complaint, id, chunk));
  child.stdout.once('end', () => tell(ANSWER.outputEnd, id));
  child.stderr.once('end', () => tell(ANSWER.complaintEnd, id));
  child.once('exit', (code, signal) => {
    children.delete(id);
    tell(ANSWER.exited, id, { code, signal });
  });
}

adoptOrphans(() => new Set([...children.values()].flatMap(({ pid }) => pid ?? [])));
const frames = new FrameReader(obey);
process.stdin.on('data', (chunk: Buffer) => frames.push(chunk));
process.stdin.once('end', () => process.exit(0));
// As the first process of a namespace it gets no signal that it does not ask for.
process.once('SIGTERM', () => process.exit(0));
tell(ANSWER.ready, 0, { pid: process.pid });
