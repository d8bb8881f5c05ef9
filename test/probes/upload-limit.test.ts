import assert from 'node:assert/strict';
import { UploadLimit, type Upload } from '../../src/probes/swarm/upload-limit.ts';

const BLOCK = 16_384;

function block(send: () => void, state: Upload['state'] = () => 'ready'): Upload {
  return { bytes: BLOCK, state, send };
}

describe('upload limit', () => {
  it('keeps to its rate after the first two blocks', async () => {
    const limit = new UploadLimit(20 * BLOCK);
    const startedMs = performance.now();
    const sentMs: number[] = [];
    await new Promise<void>((resolve) => {
      for (let index = 0; index < 8; index++) {
        limit.add(
          block(() => {
            sentMs.push(performance.now() - startedMs);
            if (sentMs.length === 8) resolve();
          }),
        );
      }
    });
    // Never early: block n may leave only when n - 2 blocks' worth of time has passed. Late is the machine's business.
    sentMs.forEach((at, index) => assert.ok(at >= (index - 1) * 50 - 2, `block ${index} at ${at} ms`));
    assert.ok((sentMs[1] ?? Infinity) < 40, 'the burst goes at once');
  });

  it('passes over a full socket and comes back to it when it drains', () => {
    const limit = new UploadLimit(1e9);
    const sent: string[] = [];
    let full: ReturnType<Upload['state']> = 'waiting';
    limit.add(
      block(
        () => sent.push('slow'),
        () => full,
      ),
    );
    limit.add(block(() => sent.push('quick')));
    assert.deepEqual(sent, ['quick']);
    full = 'ready';
    limit.wake();
    assert.deepEqual(sent, ['quick', 'slow']);
  });

  it('forgets what a closed connection asked for', () => {
    const limit = new UploadLimit(1e9);
    let state: ReturnType<Upload['state']> = 'waiting';
    limit.add(
      block(
        () => assert.fail('sent to a closed connection'),
        () => state,
      ),
    );
    state = 'gone';
    limit.wake();
    state = 'ready';
    limit.wake();
  });
});
