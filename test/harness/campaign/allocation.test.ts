/** Which trials of a sequential campaign are run. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sequentialRule, makePlan, restrict, type Plan } from '../../../src/harness/campaign/plan.ts';
import { TrialQueue, type Attempt } from '../../../src/harness/campaign/queue.ts';
import type { SealedGlance } from '../../../src/harness/campaign/ledger.ts';
import { HEARTBEAT_BOUND_NS } from '../../../src/records/trial-record.ts';
import { plannedFor } from '../../../src/harness/campaign/sample-size.ts';
import { parseScenario } from '../../../src/harness/campaign/scenario.ts';

const SOURCE = `title: A title
hypothesis: Something
clients: [transmission]
killSwitches: [none, netns, app-kill(poll=1s)]
faults: [link-down]
trials: 48
placebo: false
sequential: { looks: [6, 12, 24], width: 0.4 }
`;
const SCENARIO = parseScenario('mine', SOURCE, 'mine.yaml');
const RULE = sequentialRule(SCENARIO);
const PLAN = makePlan(SCENARIO, 1);

/** What the trial comes to: `none` always leaks, the namespace never, the third by the trial's own seed. */
function sealed(
  { trial, attempt, repeats, cell, seed }: Attempt,
  disturbedOneIn: number,
  quiet: boolean,
): SealedGlance {
  const disturbed = (seed + attempt) % disturbedOneIn === 0;
  const leaks = !quiet && (cell.killSwitch === 'none' || (cell.killSwitch !== 'netns' && seed % 2 === 0));
  return {
    trial,
    attempt,
    repeats,
    cell,
    outcome: { status: 'completed' },
    heartbeatMaxDelayNs: disturbed ? HEARTBEAT_BOUND_NS + 1 : 1,
    measures: { verdict: disturbed ? 'inconclusive' : leaks ? 'leak' : 'no-leak' },
  };
}

/** Runs the queue with `jobs` at a time, `pick` deciding which of those under way ends next. */
function run(
  queue: TrialQueue,
  jobs: number,
  pick: (running: number) => number,
  disturbedOneIn = 1e9,
  quiet: (attempt: Attempt) => boolean = () => false,
): SealedGlance[] {
  const running: Attempt[] = [];
  const all: SealedGlance[] = [];
  for (;;) {
    while (running.length < jobs) {
      const next = queue.take();
      if (next === null) break;
      running.push(next);
    }
    const [ended] = running.splice(pick(running.length), 1);
    if (ended === undefined) return all;
    const record = sealed(ended, disturbedOneIn, quiet(ended));
    queue.sealed(record);
    all.push(record);
  }
}

const trialsOf = (records: readonly SealedGlance[]): string[] => records.map(({ trial }) => trial).sort();
const perSwitch = (records: readonly SealedGlance[], killSwitch: string): number =>
  records.filter(({ cell }) => cell.killSwitch === killSwitch).length;

describe('the allocation of a sequential campaign', () => {
  const whole = run(new TrialQueue(PLAN.trials, [], RULE), 1, () => 0);

  it('stops what is known, and goes on with what is not', () => {
    assert.equal(perSwitch(whole, 'none'), 12);
    assert.equal(perSwitch(whole, 'netns'), 12);
    assert.equal(perSwitch(whole, 'app-kill(poll=1s)'), 48);
  });

  it('runs the same trials however many labs there are and in whatever order they end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 2, max: 9 }),
        (jobs, picks, oneIn) => {
          const pick = (running: number): number => (running === 0 ? 0 : picks.next().value % running);
          const alone = run(new TrialQueue(PLAN.trials, [], RULE), 1, () => 0, oneIn);
          const together = run(new TrialQueue(PLAN.trials, [], RULE), jobs, pick, oneIn);
          assert.deepEqual(trialsOf(together), trialsOf(alone));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('goes on after any interruption with what an uninterrupted run would still have run', () => {
    fc.assert(
      fc.property(fc.nat(whole.length), (cut) => {
        const before = whole.slice(0, cut);
        const after = run(new TrialQueue(PLAN.trials, before, RULE), 1, () => 0);
        assert.deepEqual([...before, ...after], whole);
      }),
      { numRuns: 40 },
    );
  });

  it('gives a placebo its trials by its own looks, as any other cell', () => {
    const scenario = parseScenario('mine', SOURCE.replace('placebo: false\n', ''), 'mine.yaml');
    const plan = makePlan(scenario, 1);
    const quiet = ({ cell }: Attempt): boolean => cell.fault === 'none';
    const queue = new TrialQueue(plan.trials, [], RULE);
    const all = run(queue, 1, () => 0, 1e9, quiet);
    assert.equal(all.filter(({ cell }) => cell.fault === 'none' && cell.killSwitch === 'app-kill(poll=1s)').length, 12);
  });

  it('without a rule runs the whole plan', () => {
    assert.equal(run(new TrialQueue(PLAN.trials, []), 3, () => 0).length, PLAN.trials.length);
  });
});

describe('a sequential scenario', () => {
  it('has its last look at its last trial, also when the command line gives another', () => {
    assert.deepEqual(RULE?.looks, [6, 12, 24, 48]);
    assert.deepEqual(sequentialRule(restrict(SCENARIO, { trials: 20 }))?.looks, [6, 12, 20]);
    assert.equal(sequentialRule(restrict(SCENARIO, { trials: 6 })), undefined);
  });

  it('is refused where its looks are none', () => {
    const refused = (from: string, to: string, why: RegExp): void =>
      assert.throws(() => parseScenario('mine', SOURCE.replace(from, to), 'mine.yaml'), why);
    refused('[6, 12, 24]', '[6, 12, 12]', /^RequestError: mine\.yaml:8: sequential\.looks: must ascend/);
    refused('[6, 12, 24]', '[6, 48]', /sequential\.looks: every look must be below «trials»/);
    refused('title:', 'kind: agreement\ntitle:', /mine\.yaml:9: sequential: only a campaign can/);
    refused('width: 0.4', 'widht: 0.4', /widht: not a field here; allowed: looks, width/);
  });
});

describe('--plan-for', () => {
  it('says how many trials a bound takes, over all cells, and how to run them', () => {
    const plan: Plan = { ...PLAN, cells: PLAN.cells };
    assert.match(plannedFor(plan, 0.01, 8), /upper bound of 1 %.* takes 299 judged trials/);
    assert.match(plannedFor(plan, 0.01, 8), /3 cells x 299 trials, 8 at a time: 897 trials, about .* --trials 299/);
  });
});
