import assert from 'node:assert/strict';
import { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import fc from 'fast-check';
import { AgentChannel } from '../../../src/harness/labs/docker/channel.ts';
import { followed } from '../../../src/harness/labs/docker/images.ts';
import { ANSWER, FrameReader, REQUEST, encodeFrame, type Frame } from '../../../src/harness/labs/docker/frames.ts';

/** Cuts bytes at the given places, each taken modulo what is left. */
function chunks(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const parts: Buffer[] = [];
  let rest = bytes;
  for (const cut of cuts) {
    const at = rest.length === 0 ? 0 : cut % rest.length;
    parts.push(rest.subarray(0, at));
    rest = rest.subarray(at);
  }
  return [...parts, rest];
}

/** Frame in which the engine sends what a container wrote: type, three zeros, length, bytes. */
function fromEngine(type: 1 | 2, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

class EngineEnd extends Duplex {
  readonly sent: Frame[] = [];
  readonly #reader = new FrameReader((frame) => this.sent.push({ ...frame, bytes: Buffer.from(frame.bytes) }));
  override _read(): void {
    // Pushed by the test.
  }
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#reader.push(chunk);
    done();
  }
}

describe('the channel to an agent', () => {
  it('gives the frames that were written, however their bytes are cut', () => {
    const frames = fc.array(fc.tuple(fc.nat(0xffffffff), fc.uint8Array({ maxLength: 200 })), { maxLength: 8 });
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 30 }), (written, cuts) => {
        const read: [number, Uint8Array][] = [];
        const reader = new FrameReader(({ kind, process, bytes }) => {
          assert.equal(kind, ANSWER.output);
          read.push([process, Uint8Array.from(bytes)]);
        });
        const bytes = Buffer.concat(written.map(([id, content]) => encodeFrame(ANSWER.output, id, content)));
        for (const chunk of chunks(bytes, cuts)) reader.push(chunk);
        assert.deepEqual(read, written);
      }),
    );
  });

  it('makes a process of what the agent answers, and ends it with the container', async () => {
    const engine = new EngineEnd();
    const channel = new AgentChannel(new Docker(), 'client', engine);
    const say = (kind: (typeof ANSWER)[keyof typeof ANSWER], id: number, content?: object | Uint8Array): void =>
      void engine.push(fromEngine(1, encodeFrame(kind, id, content)));
    say(ANSWER.ready, 0, { pid: 7 });
    assert.equal(await channel.ready, 7);

    const starting = channel.start('client', { argv: ['cat'], env: {}, cwd: '/' });
    say(ANSWER.started, 1, { pid: 12 });
    const process = await starting;
    assert.equal(process.pid, 12);
    process.stdin.write('in');
    process.signal('SIGTERM');
    assert.deepEqual(
      engine.sent.map(({ kind, process: id }) => [kind, id]),
      [
        [REQUEST.start, 1],
        [REQUEST.input, 1],
        [REQUEST.signal, 1],
      ],
    );
    say(ANSWER.output, 1, Buffer.from('out'));
    // Two parts in one piece, then one in two.
    const last = fromEngine(2, Buffer.from('memory'));
    engine.push(
      Buffer.concat([fromEngine(2, Buffer.from('out ')), fromEngine(2, Buffer.from('of ')), last.subarray(0, 5)]),
    );
    engine.push(last.subarray(5));
    engine.push(null);
    assert.equal(await text(process.stdout), 'out');
    assert.deepEqual(await process.exited, { code: null, signal: 'SIGKILL' });
    await assert.rejects(
      channel.start('client', { argv: ['true'], env: {}, cwd: '/' }),
      /client has ended: out of memory/,
    );
  });
});

describe('the report of an engine', () => {
  const report = (...lines: readonly object[]): Readable =>
    Readable.from(lines.map((line) => Buffer.from(`${JSON.stringify(line)}\r\n`)));

  it('is read to its end where all went well', async () => {
    await followed(new Docker(), report({ stream: 'Step 1/2' }, { aux: { ID: 'sha256:1' } }));
  });

  it('gives what went wrong, with what led there', async () => {
    const told = report(
      { stream: 'Step 1/2' },
      { stream: 'E: no package' },
      { error: 'returned 100' },
      { stream: 'x' },
    );
    await assert.rejects(followed(new Docker(), told), { message: 'returned 100\nStep 1/2E: no package\n' });
  });
});
