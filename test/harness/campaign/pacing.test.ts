/** What decides which trial is next, how many run, and how long it still takes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SealedGlance } from '../../../src/harness/campaign/ledger.ts';
import { AdaptivePace } from '../../../src/harness/campaign/pace.ts';
import { trialSpecSchema, type PlannedTrial } from '../../../src/harness/trial/spec.ts';
import { TrialQueue, type Attempt } from '../../../src/harness/campaign/queue.ts';
import { HEARTBEAT_BOUND_NS } from '../../../src/records/trial-record.ts';
import { TimeLeft } from '../../../src/harness/campaign/time-left.ts';
import { testCell } from '../../kit/cells.ts';

const CELL = testCell();
const plannedSchema = trialSpecSchema.omit({ folder: true, attempt: true, repeats: true });
const PLAN: readonly PlannedTrial[] = Array.from({ length: 12 }, (_, index) =>
  plannedSchema.parse({
    trial: String(index).padStart(4, '0'),
    cell: CELL,
    repetition: index,
    seed: index,
    order: ['switch', 'tunnel', 'client'],
    observe: { steady: 1, outage: 1, recovery: 1 },
    features: { dht: 'on', pex: 'on', lsd: 'on', portMapping: 'on', utp: 'on', encryption: 'default' },
    torrent: { trackers: ['http'], magnet: false, interval: 600 },
    marked: false,
  }),
);

function sealed({ trial, attempt, repeats }: Attempt, disturbed: boolean): SealedGlance {
  const heartbeatMaxDelayNs = disturbed ? HEARTBEAT_BOUND_NS + 1 : 1;
  return { trial, attempt, repeats, cell: CELL, heartbeatMaxDelayNs, outcome: { status: 'completed' }, measures: null };
}

function drain(queue: TrialQueue, disturbed: (attempt: Attempt) => boolean): SealedGlance[] {
  const all: SealedGlance[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) {
    const record = sealed(next, disturbed(next));
    queue.sealed(record);
    all.push(record);
  }
  return all;
}

describe('the queue of trials', () => {
  it('gives every planned trial once, in the planned order', () => {
    const all = drain(new TrialQueue(PLAN, []), () => false);
    assert.deepEqual(
      all.map(({ trial }) => trial),
      PLAN.map(({ trial }) => trial),
    );
  });

  it('repeats a disturbed trial before all planned after it, twice at most', () => {
    const all = drain(new TrialQueue(PLAN, []), ({ trial }) => trial.startsWith('0003'));
    assert.deepEqual(
      all.slice(3, 7).map(({ trial, attempt, repeats }) => [trial, attempt, repeats]),
      [
        ['0003', 0, null],
        ['0003.again1', 1, '0003'],
        ['0003.again2', 2, '0003'],
        ['0004', 0, null],
      ],
    );
    assert.equal(all.length, PLAN.length + 2);
  });

  it('goes on after any interruption with what an uninterrupted run would still have run', () => {
    const isDisturbed = (seed: number) => (attempt: Attempt) => (attempt.seed * 7 + attempt.attempt + seed) % 3 === 0;
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(30), (seed, cut) => {
        const whole = drain(new TrialQueue(PLAN, []), isDisturbed(seed));
        const before = whole.slice(0, cut);
        const after = drain(new TrialQueue(PLAN, before), isDisturbed(seed));
        assert.deepEqual([...before, ...after], whole);
      }),
    );
  });
});

describe('the pace', () => {
  it('never leaves its bounds, whatever the heartbeats', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(2 * HEARTBEAT_BOUND_NS))), (delays) => {
        const pace = new AdaptivePace(8, 24, 2);
        for (const delay of delays) {
          pace.heard(delay);
          assert.ok(pace.jobs >= 1 && pace.jobs <= 24);
        }
      }),
    );
  });

  it('grows while trials are calm, shrinks at once when one is disturbed, and once for one burst of load', () => {
    const pace = new AdaptivePace(8, 24, 2);
    for (let calm = 0; calm < 200; calm++) pace.heard(1);
    assert.ok(pace.jobs > 16, `only ${pace.jobs} labs after 200 calm trials`);
    const before = pace.jobs;
    pace.heard(HEARTBEAT_BOUND_NS + 1);
    assert.equal(pace.jobs, Math.floor(before * 0.75));
    for (let same = 1; same < before; same++) pace.heard(HEARTBEAT_BOUND_NS + 1);
    assert.equal(pace.jobs, Math.floor(before * 0.75));
  });
});

describe('the time left', () => {
  /** Runs trials of these lengths, and compares what was foretold at every end with what came. */
  function worstError(lengths: readonly number[], jobs: number): number {
    const left = new TimeLeft(1);
    const waiting = [...lengths];
    let lanes: { ends: number; took: number; began: number }[] = [];
    let now = 0;
    let ended = 0;
    const foretold: { at: number; end: number }[] = [];
    for (;;) {
      while (lanes.length < jobs && waiting.length > 0) {
        const took = waiting.shift() ?? 0;
        lanes.push({ ends: now + took, took, began: now });
      }
      const [next] = lanes.toSorted((a, b) => a.ends - b.ends);
      if (next === undefined) break;
      now = next.ends;
      lanes = lanes.filter((lane) => lane !== next);
      left.ended(next.took);
      const since = lanes.map(({ began }) => now - began);
      // The first to end are the short ones: no estimate can know better before each lab has ended a trial.
      if (++ended >= jobs) foretold.push({ at: now, end: now + left.seconds(since, waiting.length, jobs) });
    }
    return Math.max(...foretold.map(({ end }) => Math.abs(end - now)));
  }

  it('is exact where every trial takes the same', () => {
    assert.ok(
      worstError(
        Array.from({ length: 40 }, () => 10),
        4,
      ) < 1e-9,
    );
  });

  it('is within one trial of the truth where trials vary by a third', () => {
    assert.ok(
      worstError(
        Array.from({ length: 60 }, (_, index) => 10 + 3 * Math.sin(index * 2.4)),
        6,
      ) < 13,
    );
  });

  it('goes by the plan until a trial has ended', () => {
    const left = new TimeLeft(20);
    assert.equal(left.measured, false);
    assert.equal(left.seconds([], 8, 4), 40);
  });
});
