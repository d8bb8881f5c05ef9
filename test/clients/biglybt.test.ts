/** BiglyBT's console, played by a test, as it takes a magnet link. */
import assert from 'node:assert/strict';
import { addMagnet } from '../../src/clients/biglybt.ts';
import type { ClientProcess } from '../../src/clients/client-process.ts';

const ADD = 'add -o /downloads magnet:?xt=urn:btih:0';
const ROW = '[>] 00.0%\tpayload (1.00 GB) ETA:?';

/** Lists the link once it has been given so often. */
function consoleThatTakes(nth: number): Pick<ClientProcess, 'ask' | 'tail'> & { readonly asked: string[] } {
  const asked: string[] = [];
  const given = (): number => asked.filter((question) => question === ADD).length;
  return {
    asked,
    tail: () => ['> No Torrents'],
    ask: (question, match) => {
      asked.push(question);
      const answer = question === ADD ? 'Starting Download of magnet' : given() >= nth ? ROW : '> No Torrents';
      const found = match(answer);
      return found === undefined ? Promise.reject(new Error(`not understood: ${answer}`)) : Promise.resolve(found);
    },
  };
}

describe('the console of BiglyBT', function () {
  this.timeout(10_000);

  it('is given a magnet link once when it lists it', async () => {
    const console = consoleThatTakes(1);
    await addMagnet(console, ADD, 5000);
    assert.deepEqual(console.asked, [ADD, 'show torrents']);
  });

  it('is given it again when it has lost it', async () => {
    const console = consoleThatTakes(2);
    await addMagnet(console, ADD, 5000);
    assert.equal(console.asked.filter((question) => question === ADD).length, 2);
  });

  it('is not given it for ever: what was waited for is told, with its last lines', async () => {
    await assert.rejects(addMagnet(consoleThatTakes(Infinity), ADD, 300), {
      message:
        'Waited in vain for BiglyBT to list the magnet link that it was given, for 0.3 s; its last lines: > No Torrents',
    });
  });

  it('is left alone when the trial is stopped', async () => {
    const signal = AbortSignal.abort(new Error('stopped by its user'));
    await assert.rejects(addMagnet(consoleThatTakes(Infinity), ADD, 5000, signal), { message: 'stopped by its user' });
  });
});
