/** The wait for what tells nobody that it has come about. */
import assert from 'node:assert/strict';
import { abortedBy, until, within } from '../../src/contracts/until.ts';

const SOON = { what: 'the kettle to boil', everyMs: 1, patienceMs: 20 };

describe('a wait for a condition', () => {
  it('looks at once, and does not wait for what is so already', async () => {
    let looks = 0;
    const look = (): boolean => {
      looks += 1;
      return true;
    };
    await until(look, { ...SOON, patienceMs: 0, everyMs: 60_000 });
    assert.equal(looks, 1);
  });

  it('looks until the condition is true', async () => {
    let looks = 0;
    await until(() => Promise.resolve((looks += 1) === 4), { ...SOON, patienceMs: 10_000 });
    assert.equal(looks, 4);
  });

  it('that was in vain says what it waited for, how long, and what more is known', async () => {
    await assert.rejects(
      until(() => false, SOON),
      { message: 'Waited in vain for the kettle to boil, for 0.02 s' },
    );
    await assert.rejects(
      until(() => false, { ...SOON, detail: () => 'it hums' }),
      /for 0.02 s; it hums$/,
    );
  });

  it('is given up after a look that took longer than all of it', async () => {
    let looks = 0;
    const slow = async (): Promise<boolean> => {
      looks += 1;
      await new Promise((resolve) => setTimeout(resolve, 30));
      return false;
    };
    await assert.rejects(until(slow, SOON), /in vain/);
    assert.equal(looks, 1);
  });

  it('ends at once with the reason of its signal, between two looks', async () => {
    const stop = new AbortController();
    const waiting = until(() => false, { ...SOON, everyMs: 60_000, patienceMs: 60_000, signal: stop.signal });
    stop.abort(new Error('the kettle is gone'));
    await assert.rejects(waiting, { message: 'the kettle is gone' });
    await assert.rejects(
      until(() => true, { ...SOON, signal: stop.signal }),
      { message: 'the kettle is gone' },
    );
  });

  it('throws what a look throws', async () => {
    await assert.rejects(
      until(() => Promise.reject(new Error('no eyes')), SOON),
      { message: 'no eyes' },
    );
  });

  it('ends when what it waits for cannot come about any more', async () => {
    const ended = Promise.resolve({ code: 3 });
    const signal = abortedBy(ended, ({ code }) => new Error(`ended with ${code}`));
    await assert.rejects(
      until(() => false, { ...SOON, patienceMs: 60_000, signal }),
      { message: 'ended with 3' },
    );
  });
});

describe('a wait for an event', () => {
  const PATIENCE = { what: 'the postman to ring', patienceMs: 60_000 };
  const never = new Promise<string>(() => undefined);

  it('gives what the event brings, or throws what it throws', async () => {
    assert.equal(await within(Promise.resolve('a letter'), PATIENCE), 'a letter');
    await assert.rejects(within(Promise.reject(new Error('a dog')), PATIENCE), { message: 'a dog' });
  });

  it('is given up after its time, and says what was waited for', async () => {
    const wait = { ...PATIENCE, patienceMs: 20, detail: () => 'he was last seen next door' };
    await assert.rejects(within(never, wait), {
      message: 'Waited in vain for the postman to ring, for 0.02 s; he was last seen next door',
    });
  });

  it('ends at once with the reason of its signal, also of one that has been given already', async () => {
    const stop = new AbortController();
    const waiting = within(never, { ...PATIENCE, signal: stop.signal });
    stop.abort(new Error('we have moved'));
    await assert.rejects(waiting, { message: 'we have moved' });
    await assert.rejects(within(never, { ...PATIENCE, signal: stop.signal }), { message: 'we have moved' });
  });
});
