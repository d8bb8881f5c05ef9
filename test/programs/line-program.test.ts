/** An instrument's program, played by a test on a host that lends it. */
import assert from 'node:assert/strict';
import * as z from 'zod';
import { compiled } from '../../src/contracts/places.ts';
import type { Argv, Host } from '../../src/contracts/host.ts';
import { startLineProgram } from '../../src/programs/line-program.ts';
import { Played } from '../kit/played-program.ts';

const saysSchema = z.union([z.object({ seen: z.number() }), z.object({ ready: z.literal(true) })]);

let program: Played;
let lent: { readonly argv: Argv; readonly job: string }[];
let heard: z.infer<typeof saysSchema>[];

const host: Host = {
  name: 'swarm',
  folder: '/nowhere',
  run: () => Promise.reject(new Error('not played')),
  spawn: () => Promise.reject(new Error('not played')),
  lend: (argv, job) => {
    lent.push({ argv, job });
    return Promise.resolve(program);
  },
};

const begin = (signal?: AbortSignal) =>
  startLineProgram(host, 'probes/swarm/swarm-program', 'the job', saysSchema, (line) => heard.push(line), signal);

/** Begins it and has it say, once it is listened to, that it is ready. */
const start = async (): ReturnType<typeof begin> => {
  const starting = begin();
  await new Promise(setImmediate);
  program.say('{"ready":true}');
  return starting;
};

const stop = async (running: Awaited<ReturnType<typeof begin>>): Promise<unknown> => {
  const stopping = running.stop();
  program.end({ code: 0, signal: null });
  return stopping;
};

/** Plays a new program for each test. */
function isPlayed(): void {
  beforeEach(() => {
    program = new Played();
    lent = [];
    heard = [];
  });
}

describe('a program that is an instrument', () => {
  isPlayed();

  it('is a compiled one, named as in src/', async () => {
    await start();
    assert.deepEqual(
      lent.map(({ argv, job }) => [argv[0], argv.at(-1), job]),
      [[process.execPath, compiled('probes/swarm/swarm-program'), 'the job']],
    );
  });

  it('says first that it is ready, then what it sees; told to stop, it ends and saw throughout', async () => {
    const running = await start();
    program.say('{"seen":1}');
    running.tell({ command: 'look' });
    assert.deepEqual(await stop(running), { dropped: null, blind: null });
    assert.deepEqual([running.first, heard], [{ ready: true }, [{ seen: 1 }]]);
    assert.deepEqual(program.told, ['{"command":"look"}', '{"command":"stop"}']);
  });
});

describe('a program that was an instrument and is blind', () => {
  isPlayed();

  it('is blind after a line that nobody understands, and is heard all the same', async () => {
    const running = await start();
    program.say('a word');
    program.say('{"seen":2}');
    assert.deepEqual(await stop(running), {
      dropped: null,
      blind: 'swarm-program on swarm said what nobody understands: «a word»',
    });
    assert.deepEqual(heard, [{ seen: 2 }]);
  });

  it('is blind also by its last words', async () => {
    const running = await start();
    const stopping = running.stop();
    program.say('{"seen":"a ghost"}');
    program.end({ code: 0, signal: null });
    assert.match((await stopping).blind ?? '', /a ghost/);
  });

  it('is blind when it ended unasked', async () => {
    const running = await start();
    program.complaints = 'out of memory';
    program.end({ code: 7, signal: null });
    await program.ended;
    assert.deepEqual(await running.stop(), {
      dropped: null,
      blind: 'swarm-program on swarm ended with exit code 7: out of memory',
    });
  });
});

describe('a program that is to become an instrument', () => {
  isPlayed();

  for (const [what, say, message] of [
    [
      'ends',
      () => program.end({ code: 1, signal: null }),
      /^swarm-program on swarm ended with exit code 1: no address$/,
    ],
    [
      'says what nobody understands',
      () => program.say('?'),
      /^swarm-program on swarm said what nobody understands: «\?»$/,
    ],
  ] as const) {
    it(`has not begun when it ${what} before it is ready`, async () => {
      const starting = begin();
      await new Promise(setImmediate);
      program.complaints = 'no address';
      say();
      await assert.rejects(starting, { message });
    });
  }

  it('is killed by the signal to stop everything', async () => {
    const signal = new AbortController();
    const starting = begin(signal.signal);
    await new Promise(setImmediate);
    signal.abort();
    await assert.rejects(starting, /SIGKILL/);
  });
});
