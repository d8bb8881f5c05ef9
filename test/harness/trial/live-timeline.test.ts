import assert from 'node:assert/strict';
import type { TimelineEvent } from '../../../src/records/timeline.ts';
import { Timeline, observe } from '../../../src/harness/trial/live-timeline.ts';

const note = (text: string, atNs = 0): TimelineEvent => ({ kind: 'note', atNs, text });
const isNote = (event: TimelineEvent): boolean => event.kind === 'note';

describe('Timeline', () => {
  it('gives the n-th event that matches, from now on', async () => {
    const timeline = new Timeline();
    timeline.add(note('before'));
    const second = timeline.next(isNote, { nth: 2, timeoutSeconds: 5, signal: new AbortController().signal });
    timeline.add(note('one'));
    timeline.add({ kind: 'client-started', atNs: 1 });
    timeline.add(note('two'));
    assert.deepEqual(await second, note('two'));
    assert.equal(timeline.events.length, 4);
  });

  it('gives null when nothing matches in time', async () => {
    const options = { timeoutSeconds: 0.01, signal: new AbortController().signal };
    assert.equal(await new Timeline().next(isNote, options), null);
  });

  it('stops waiting when told to', async () => {
    const stop = new AbortController();
    const waiting = new Timeline().next(isNote, { timeoutSeconds: 5, signal: stop.signal });
    const observing = observe(5, stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(observing, /enough/);
  });
});
