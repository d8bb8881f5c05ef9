/** What faults ask of the client's side of a lab. */
import assert from 'node:assert/strict';
import { daemonEnded } from '../../src/faults/places.ts';

describe('the daemon of a tunnel whose device is gone', function () {
  this.timeout(10_000);

  it('is waited for', async () => {
    const looks = [[7], [7], []];
    await daemonEnded({ device: 'wg0', daemonPids: () => Promise.resolve(looks.shift() ?? []) });
    assert.equal(looks.length, 0);
  });

  it('that does not end is said aloud', async () => {
    const stays = daemonEnded({ device: 'wg0', daemonPids: () => Promise.resolve([7]) });
    await assert.rejects(stays, { message: 'Waited in vain for the daemon of wg0 to end after its device, for 2 s' });
  });
});
