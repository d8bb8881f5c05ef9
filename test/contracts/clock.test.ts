import assert from 'node:assert/strict';
import { Clock } from '../../src/contracts/clock.ts';

const MS = 1_000_000;

describe('Clock', () => {
  it('tells CLOCK_REALTIME: it agrees with Date.now within the millisecond that Date.now can tell', () => {
    const clock = new Clock(0n);
    const before = Date.now();
    const now = clock.nowNs() / MS;
    const after = Date.now();
    assert.ok(now >= before - 0.05 && now <= after + 1.05, `${before} <= ${now} <= ${after + 1}`);
  });

  it('counts from its origin', () => {
    const clock = new Clock();
    const first = clock.nowNs();
    assert.ok(first >= 0 && first < 1_000 * MS);
    assert.ok(clock.nowNs() > first);
  });

  it('brackets a change', async () => {
    const clock = new Clock();
    let during = 0;
    const span = await clock.bracket(() => {
      during = clock.nowNs();
    });
    assert.ok(span.beforeNs <= during && during <= span.afterNs);
  });

  it('finds the same offset again, to a few microseconds', () => {
    const drifts = Array.from({ length: 5 }, () => Math.abs(new Clock().recalibrate()));
    assert.ok(Math.min(...drifts) < 0.005 * MS, `${drifts.join(', ')} ns`);
  });

  it('two clocks of one origin agree, which is what lets processes share a timeline', () => {
    const one = new Clock();
    const other = new Clock(one.originUnixNs);
    assert.ok(Math.abs(one.nowNs() - other.nowNs()) < MS);
  });
});
