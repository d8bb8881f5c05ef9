/** The harness's end of an agent's standard streams: processes of a container as the contracts have them. */
import { PassThrough, Writable } from 'node:stream';
import type Docker from 'dockerode';
import type { Argv, ExitStatus, Member, RunningProcess } from '../../../contracts/host.ts';
import { CommandFailed } from '../../../contracts/errors.ts';
import type { HostName } from '../../../records/vocabulary.ts';
import { partStreams } from './engine.ts';
import {
  ANSWER,
  FrameReader,
  REQUEST,
  encodeFrame,
  exitSchema,
  pidSchema,
  type Frame,
  type StartRequest,
} from './frames.ts';

/** What is kept of an agent's own complaints, for messages. */
const COMPLAINT_CHARACTERS = 2000;

interface Remote {
  readonly argv: Argv;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly onStarted: (pid: number) => void;
  readonly onFailed: (reason: string) => void;
  readonly onExited: (status: ExitStatus) => void;
}

export class AgentChannel {
  /** Resolves with the agent's process id once it runs; rejects when it ends before that. */
  readonly ready: Promise<number>;
  readonly closed: Promise<void>;
  readonly #stream: NodeJS.ReadWriteStream;
  readonly #name: Member;
  readonly #remotes = new Map<number, Remote>();
  #lastId = 0;
  #complaints = '';
  #ended = false;
  #onReady: (pid: number) => void = () => undefined;
  #onUnready: (reason: Error) => void = () => undefined;

  /** `stream` is what the engine gives for an attached container without a terminal. */
  constructor(docker: Docker, name: Member, stream: NodeJS.ReadWriteStream) {
    this.#name = name;
    this.#stream = stream;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onUnready = reject;
    });
    this.ready.catch(() => undefined); // Told to whoever opens the host.
    const frames = new FrameReader((frame) => this.#hear(frame));
    partStreams(
      docker,
      stream,
      (chunk) => frames.push(chunk),
      (chunk) => (this.#complaints = (this.#complaints + chunk.toString()).slice(-COMPLAINT_CHARACTERS)),
    );
    this.closed = new Promise((resolve) => {
      stream.once('close', resolve);
      stream.once('end', resolve);
      stream.on('error', () => resolve());
    });
    void this.closed.then(() => this.#end());
  }

  /** Starts a program in the container. Throws `CommandFailed` when it cannot be started. */
  start(host: HostName, request: Omit<StartRequest, 'argv'> & { readonly argv: Argv }): Promise<RunningProcess> {
    const { argv } = request;
    if (this.#ended) return Promise.reject(new CommandFailed(host, argv, null, this.#gone()));
    const id = (this.#lastId += 1);
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    return new Promise((resolve, reject) => {
      let onExited: (status: ExitStatus) => void = () => undefined;
      const exited = new Promise<ExitStatus>((settle) => (onExited = settle));
      this.#remotes.set(id, {
        argv,
        stdout,
        stderr,
        onStarted: (pid) => resolve({ pid, stdin, stdout, stderr, exited, signal }),
        onFailed: (reason) => reject(new CommandFailed(host, argv, null, reason)),
        onExited: (status) => onExited(status),
      });
      const stdin = new Writable({
        write: (chunk: Buffer, _, done) => this.#send(encodeFrame(REQUEST.input, id, chunk), done),
        final: (done) => this.#send(encodeFrame(REQUEST.inputEnd, id), done),
      });
      stdin.on('error', () => undefined);
      const signal = (name: NodeJS.Signals): void => this.#send(encodeFrame(REQUEST.signal, id, name));
      this.#send(encodeFrame(REQUEST.start, id, request));
    });
  }

  /** Closes the agent's input, upon which it ends. */
  close(): void {
    this.#stream.end();
  }

  #send(frame: Buffer, done: () => void = () => undefined): void {
    if (this.#ended || !this.#stream.writable) done();
    else this.#stream.write(frame, () => done());
  }

  #hear({ kind, process: id, bytes }: Frame): void {
    if (kind === ANSWER.ready) {
      this.#onReady(pidSchema.parse(JSON.parse(bytes.toString())).pid);
      return;
    }
    const remote = this.#remotes.get(id);
    switch (kind) {
      case ANSWER.started:
        remote?.onStarted(pidSchema.parse(JSON.parse(bytes.toString())).pid);
        break;
      case ANSWER.failed:
        this.#remotes.delete(id);
        remote?.onFailed(bytes.toString());
        break;
      case ANSWER.output:
        remote?.stdout.write(Buffer.from(bytes));
        break;
      case ANSWER.complaint:
        remote?.stderr.write(Buffer.from(bytes));
        break;
      case ANSWER.outputEnd:
        remote?.stdout.end();
        break;
      case ANSWER.complaintEnd:
        remote?.stderr.end();
        break;
      case ANSWER.exited:
        remote?.onExited(exitSchema.parse(JSON.parse(bytes.toString())));
        break;
      default:
        throw new Error(`the agent of ${this.#name} sent a frame of unknown kind ${kind}`);
    }
  }

  /** The container is gone, and with it every process of it. */
  #end(): void {
    this.#ended = true;
    this.#onUnready(new Error(this.#gone()));
    for (const remote of this.#remotes.values()) {
      remote.onFailed(this.#gone());
      remote.stdout.end();
      remote.stderr.end();
      remote.onExited({ code: null, signal: 'SIGKILL' });
    }
    this.#remotes.clear();
  }

  #gone(): string {
    return `the container of ${this.#name} has ended: ${this.#complaints.trim() || '(no message)'}`;
  }
}
