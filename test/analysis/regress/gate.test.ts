/**
 * The gate by simulation: how often it cries wolf when nothing changed, and how often it sees what it must, with the
 * trials of a small campaign. Trials are drawn independently, which real ones only nearly are.
 */
import assert from 'node:assert/strict';
import { updated, type Baseline } from '../../../src/analysis/regress/baseline.ts';
import { FALSE_ALARM, judgeGate, samplesOf, type GateResult } from '../../../src/analysis/regress/gate.ts';
import { checkWords } from '../../../src/analysis/regress/gate-words.ts';
import { rowOf, type TrialRow } from '../../../src/analysis/summary/rows.ts';
import {
  SYNTHETIC_PLAN,
  SYNTHETIC_SWITCHES,
  syntheticManifest,
  syntheticTrials,
  type SyntheticPlan,
  type SyntheticSwitch,
} from '../../../src/bench/synthetic.ts';

/** What scenarios/ci.yaml plans: one client and two faults, so 16 trials of a switch, against a baseline of 80. */
const PLAN: SyntheticPlan = { ...SYNTHETIC_PLAN, clients: ['qbittorrent'], trialsPerCell: 8 };
const BASELINE_TRIALS = 40;

const rowsOf = (plan: SyntheticPlan): TrialRow[] => [...syntheticTrials(plan)].map((record) => rowOf(record));
const baselineOf = (plan: SyntheticPlan): Baseline => {
  const manifest = syntheticManifest(plan);
  return updated(null, manifest, samplesOf(manifest, rowsOf(plan)), 'test').baseline;
};
const gate = (plan: SyntheticPlan, baseline: Baseline): GateResult =>
  judgeGate(syntheticManifest(plan), rowsOf(plan), baseline);
const changing = (id: string, change: Partial<SyntheticSwitch>): readonly SyntheticSwitch[] =>
  SYNTHETIC_SWITCHES.map((one) => (one.id === id ? { ...one, ...change } : one));
const regressions = (result: GateResult): string[] =>
  result.checks.filter(({ outcome }) => outcome === 'regressed').map(({ name, measure }) => `${name}: ${measure}`);

describe('the regression gate', function () {
  this.timeout(240_000);

  it('passes a re-run of the same code: no more false alarms than it promises', () => {
    // A baseline is set once and held against many runs; here each is held against four.
    const baselines = 1_000;
    const runs = 4;
    let alarms = 0;
    for (let seed = 0; seed < baselines; seed++) {
      const baseline = baselineOf({ ...PLAN, seed: 100_000 + seed, trialsPerCell: BASELINE_TRIALS });
      for (let run = 0; run < runs; run++) {
        if (gate({ ...PLAN, seed: 1 + seed * runs + run }, baseline).outcome === 'regressed') alarms += 1;
      }
    }
    const gates = baselines * runs;
    assert.ok(alarms / gates <= FALSE_ALARM, `${alarms} of ${gates}`);
  });

  const caught = (switches: readonly SyntheticSwitch[], expected: RegExp): number => {
    const gates = 200;
    let seen = 0;
    for (let seed = 0; seed < gates; seed++) {
      const baseline = baselineOf({ ...PLAN, seed: 200_000 + seed, trialsPerCell: BASELINE_TRIALS });
      const result = gate({ ...PLAN, switches, seed: 7_000 + seed }, baseline);
      if (regressions(result).some((name) => expected.test(name))) seen += 1;
    }
    return seen / gates;
  };

  it('catches a doubled median gap', () => {
    const power = caught(changing('app-kill(poll=2s)', { pollSeconds: 4 }), /^app-kill\(poll=2s\): gap/);
    assert.ok(power >= 0.8, `${power}`);
  });

  it('catches a switch that begins to leak in every second trial', () => {
    const power = caught(changing('wg-quick-postup', { leak: 0.5, gapSeconds: 0.2 }), /^wg-quick-postup: leak/);
    assert.ok(power >= 0.95, `${power}`);
  });

  it('says that it could not judge when the arm without a switch did not leak', () => {
    const baseline = baselineOf(PLAN);
    const result = gate({ ...PLAN, switches: changing('none', { leak: 0 }) }, baseline);
    assert.equal(result.outcome, 'could-not-judge');
    assert.match(result.unjudged[0]!.reason, /did not leak/);
  });
});

describe('what the regression gate says of a campaign', function () {
  this.timeout(240_000);

  it('says that it could not judge what it has too few trials for, or no judged trial of', () => {
    const baseline = baselineOf(PLAN);
    assert.equal(gate({ ...PLAN, faults: ['link-down'], trialsPerCell: 1 }, baseline).outcome, 'could-not-judge');
    const failing = gate({ ...PLAN, failing: 1 }, baseline);
    assert.equal(failing.outcome, 'could-not-judge');
    assert.ok(failing.unjudged.every(({ reason }) => reason.includes('no trial')));
  });

  it('says that it could not judge a campaign of which the baseline knows no cell', () => {
    const result = gate(PLAN, new Map());
    assert.equal(result.outcome, 'could-not-judge');
    assert.equal(result.fresh.length, 6);
  });

  it('says of a tunnel of which half the trials never saw the return that it never came back', () => {
    const rows = rowsOf(PLAN).map((row, index) => {
      const recoverySeconds = index % 2 === 0 ? null : index / 1000;
      return { ...row, measured: row.measured && { ...row.measured, recoverySeconds } };
    });
    const words = judgeGate(syntheticManifest(PLAN), rows, baselineOf(PLAN)).checks.map(checkWords);
    const recoveries = words.filter((line) => line.startsWith('median recovery'));
    assert.ok(recoveries.some((line) => line.endsWith('never now')));
    assert.ok(
      recoveries.every((line) => !line.includes('e+')),
      recoveries.join('; '),
    );
  });

  it('judges a placebo without an arm that leaks, and sees one that begins to', () => {
    const plan = { ...PLAN, faults: ['link-down', 'none'] };
    // In the arm without a switch nothing leaves without a fault either.
    const manifest = syntheticManifest(plan);
    const quiet = (rows: readonly TrialRow[], verdict: TrialRow['verdict']): TrialRow[] =>
      rows.map((row) => (row.cell.fault === 'none' ? { ...row, verdict } : row));
    const rows = rowsOf(plan);
    const baseline = updated(null, manifest, samplesOf(manifest, quiet(rows, 'no-leak')), 'test').baseline;
    const held = judgeGate(manifest, quiet(rows, 'no-leak'), baseline);
    assert.deepEqual([held.outcome, held.unjudged], ['held', []]);
    const worse = judgeGate(manifest, quiet(rows, 'leak'), baseline);
    assert.ok(
      regressions(worse).some((name) => / none .*: leak$/.test(name)),
      regressions(worse).join('; '),
    );
  });

  it('does not ask the arm without a switch to be better', () => {
    const names = gate(PLAN, baselineOf(PLAN)).checks.map(({ name }) => name);
    assert.ok(names.length > 0 && names.every((name) => !name.includes('none')));
  });
});
