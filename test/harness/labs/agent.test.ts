/** The agent of a container, without an engine: as the first process of a PID namespace, which it is there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ANSWER, FrameReader, REQUEST, encodeFrame } from '../../../src/harness/labs/docker/frames.ts';
import { compiled } from '../../../src/contracts/places.ts';
import { build } from '../../kit/lab-suite.ts';

/** Leaves thirty orphans, which end at once and which their parent has not waited for. */
const ORPHANS = 'for i in 1 2 3 4 5 6 7 8 9 10; do (sleep 0 & sleep 0 & sleep 0 &); done';

describe('the agent of a container', function () {
  this.timeout(120_000);

  it('as process 1 waits for orphans, and keeps what its own programs ended with', async () => {
    await build();
    const enter = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const agent = spawn('unshare', [...enter, process.execPath, compiled('harness/labs/docker/agent')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const said = new Map<number, string>();
    const waiting = new Map<number, (code: unknown) => void>();
    const frames = new FrameReader(({ kind, process: id, bytes }) => {
      if (kind === ANSWER.output) said.set(id, (said.get(id) ?? '') + bytes.toString());
      if (kind === ANSWER.exited) waiting.get(id)?.(JSON.parse(bytes.toString()));
    });
    agent.stdout.on('data', (chunk: Buffer) => frames.push(chunk));
    let last = 0;
    const run = (script: string): Promise<unknown> =>
      new Promise((resolve) => {
        waiting.set((last += 1), resolve);
        const request = { argv: ['sh', '-c', script], env: { PATH: '/usr/bin:/bin' }, cwd: '/' };
        agent.stdin.write(encodeFrame(REQUEST.start, last, request));
      });
    try {
      assert.deepEqual(await run(`${ORPHANS}; exit 7`), { code: 7, signal: null });
      // Each program that ends gives it occasion to look again.
      let zombies = '';
      for (let look = 0; look < 20; look++) {
        await run("grep -l '^State:.Z' /proc/[0-9]*/status; true");
        if ((zombies = said.get(last) ?? '') === '') break;
      }
      assert.equal(zombies, '');
    } finally {
      agent.stdin.end();
      await once(agent, 'close');
    }
  });
});
