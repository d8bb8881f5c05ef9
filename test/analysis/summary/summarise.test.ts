import assert from 'node:assert/strict';
import { rowOf, NO_PARTIES } from '../../../src/analysis/summary/rows.ts';
import { summarise } from '../../../src/analysis/summary/summarise.ts';
import { pollingPeriod } from '../../../src/analysis/summary/polling.ts';
import { SYNTHETIC_PLAN, syntheticTrials } from '../../../src/bench/synthetic.ts';
import { HEARTBEAT_BOUND_NS, type TrialRecord } from '../../../src/records/trial-record.ts';
import { manifestOf, trial, trials } from '../../kit/summary-rows.ts';

const leaking = trials(10, 'none', 'leak', { gapSeconds: 5, clearPackets: 100, clearBytes: 9_000 });
const texts = (summary: ReturnType<typeof summarise>): string => summary.conclusions.map(({ text }) => text).join('\n');

describe('what counts as evidence', () => {
  it('never calls a switch safe whose control arm did not leak', () => {
    const rows = [...trials(10, 'none', 'no-leak'), ...trials(10, 'ufw', 'no-leak')];
    const summary = summarise(manifestOf('none', 'ufw'), rows, []);
    const ufw = summary.cells[1]!;
    assert.equal(ufw.control, 'silent');
    assert.equal(ufw.finding, 'inconclusive');
    assert.equal(summary.comparisons[0]!.outcome, 'inconclusive');
    assert.match(texts(summary), /inconclusive, not safe/);
    assert.doesNotMatch(texts(summary), /ufw showed no leak/);
  });

  it('never calls a switch safe whose control arm is missing or was not judged', () => {
    for (const none of [[], trials(10, 'none', 'inconclusive')]) {
      const summary = summarise(manifestOf('none', 'ufw'), [...none, ...trials(10, 'ufw', 'no-leak')], []);
      assert.equal(summary.cells[1]!.control, 'absent');
      assert.equal(summary.cells[1]!.finding, 'inconclusive');
    }
    const without = summarise(manifestOf('ufw'), trials(10, 'ufw', 'no-leak'), []);
    assert.match(texts(without), /no arm without a kill switch/);
  });

  it('says once for all faults alike that the control arm did not leak', () => {
    const manifest = manifestOf('none');
    const faults = ['link-down', 'peer-removed', 'roaming'];
    const of = <T extends { cell: TrialRecord['cell'] }>(row: T, fault: string): T => ({
      ...row,
      cell: { ...row.cell, fault },
    });
    const rows = trials(3, 'none', 'no-leak').flatMap((row) => faults.map((fault) => of(row, fault)));
    const cells = manifest.scenario.cells.flatMap((cell) => faults.map((fault) => ({ ...cell, fault })));
    const summary = summarise({ ...manifest, scenario: { ...manifest.scenario, cells } }, rows, []);
    const told = summary.conclusions.filter(({ kind }) => kind === 'control').map(({ text }) => text);
    assert.deepEqual(told, [
      'For transmission under link-down, peer-removed and roaming at 2s the arm without a kill switch did not leak: what ' +
        'the switches did there is inconclusive, not safe.',
    ]);
  });

  it('calls a leak a leak, whatever the control arm did', () => {
    const rows = [...trials(10, 'none', 'no-leak'), ...trials(9, 'ufw', 'no-leak'), trial('ufw', 'leak')];
    assert.equal(summarise(manifestOf('none', 'ufw'), rows, []).cells[1]!.finding, 'leaks');
  });

  it('reports no leak in n by its upper bound and never as nothing', () => {
    const summary = summarise(manifestOf('none', 'ufw'), [...leaking, ...trials(59, 'ufw', 'no-leak')], []);
    const ufw = summary.cells[1]!;
    assert.equal(ufw.finding, 'no-leak-seen');
    assert.ok(ufw.leakUpperBound! > 0.0495 && ufw.leakUpperBound! < 0.0496);
    assert.equal(ufw.leakProbability!.estimate, 0);
    assert.match(texts(summary), /ufw showed no leak in 59 trials over 1 cell: .* at most 5\.0 %/);
    assert.doesNotMatch(texts(summary), /(?<![\d.])0 %/);
  });

  it('counts inconclusive and unsupported trials for nothing', () => {
    const rows = [
      ...leaking,
      ...trials(5, 'ufw', 'no-leak'),
      ...trials(3, 'ufw', 'inconclusive'),
      ...trials(4, 'netns', 'unsupported'),
    ];
    const summary = summarise(manifestOf('none', 'ufw', 'netns'), rows, []);
    const [, ufw, netns] = summary.cells;
    assert.deepEqual(ufw!.verdicts, { leak: 0, noLeak: 5, inconclusive: 3, unsupported: 0 });
    assert.ok(Math.abs(ufw!.leakUpperBound! - (1 - 0.05 ** (1 / 5))) < 1e-12);
    assert.deepEqual(ufw!.reasons, [{ reason: 'a test', trials: 3 }]);
    assert.equal(netns!.finding, 'unsupported');
    assert.equal(netns!.leakProbability, null);
    assert.match(texts(summary), /3 trials of 22 are inconclusive/);
  });

  it('keeps missing apart from zero', () => {
    const cell = summarise(manifestOf('none', 'ufw'), [...leaking, ...trials(5, 'ufw', 'no-leak')], []).cells[1]!;
    assert.equal(cell.gapSeconds, null);
    assert.equal(cell.switchLatencySeconds, null);
    assert.equal(cell.recoverySeconds, null);
    assert.equal(cell.notRecovered, 5);
    assert.equal(cell.clearPackets!.median, 0);
    const planned = summarise(manifestOf('none', 'ufw'), leaking, []).cells[1]!;
    assert.equal(planned.clearPackets, null);
    assert.equal(planned.trials, 0);
  });

  it('says where a median gap is only a lower bound', () => {
    const censored = trials(6, 'none', 'leak', { gapSeconds: 8, gapCensored: true });
    const seen = trials(5, 'none', 'leak', { gapSeconds: 1 });
    const gap = summarise(manifestOf('none'), [...censored, ...seen], []).cells[0]!.gapSeconds!;
    assert.equal(gap.censored, 6);
    assert.equal(gap.medianIsLowerBound, true);
    const mostlySeen = summarise(manifestOf('none'), [...censored.slice(0, 2), ...seen], []).cells[0]!.gapSeconds!;
    assert.equal(mostlySeen.medianIsLowerBound, false);
  });

  it('names what the scenario requires not to leak and that leaked, by its id with or without parameters', () => {
    const rows = [
      ...leaking,
      ...trials(3, 'app-kill(poll=2s)', 'leak', { gapSeconds: 1 }),
      ...trials(3, 'app-killer', 'leak'),
    ];
    const manifest = manifestOf('none', 'app-kill(poll=2s)', 'app-killer');
    const summary = summarise({ ...manifest, scenario: { ...manifest.scenario, mustNotLeak: ['app-kill'] } }, rows, []);
    assert.deepEqual(
      summary.violations.map(({ killSwitch, leaks }) => [killSwitch, leaks]),
      [['app-kill(poll=2s)', 3]],
    );
    assert.match(texts(summary), /requires app-kill\(poll=2s\) not to leak/);
  });

  it('compares every switch with the control arm and corrects for their number', () => {
    const rows = [...leaking, ...trials(10, 'ufw', 'no-leak'), ...trials(10, 'slow', 'leak', { clearPackets: 100 })];
    const [ufw, slow] = summarise(manifestOf('none', 'ufw', 'slow'), rows, []).comparisons;
    assert.equal(ufw!.outcome, 'fewer-leaks');
    assert.ok(ufw!.leak!.pHolm >= ufw!.leak!.p && ufw!.leak!.pHolm < 0.001);
    assert.equal(ufw!.clearPackets!.cliffsDelta, -1);
    assert.equal(slow!.outcome, 'no-difference-shown');
    assert.equal(slow!.leak!.p, 1);
  });

  it('gives the same numbers whatever the order of the records', () => {
    const rows = [...syntheticTrials(SYNTHETIC_PLAN)].map((record) => rowOf(record));
    const manifest = manifestOf();
    const cells = (order: typeof rows): object =>
      summarise(manifest, order, [])
        .cells.map((cell) => [cell.client, cell.fault, cell.killSwitch, cell.gapSeconds])
        .sort();
    assert.deepEqual(cells(rows), cells([...rows].reverse()));
  });
});

describe('a row of a trial', () => {
  const leak = [...syntheticTrials(SYNTHETIC_PLAN)].find(({ measures }) => measures?.verdict === 'leak')!;
  const measures = leak.measures!;
  const withMeasures = (change: Partial<typeof measures>): TrialRecord => ({
    ...leak,
    measures: { ...measures, ...change },
  });

  it('never takes a failed, unmeasured or disturbed trial for evidence', () => {
    const failed: TrialRecord = { ...leak, outcome: { status: 'failed', stage: 'fault', reason: 'no' } };
    assert.equal(rowOf(failed).verdict, 'inconclusive');
    assert.equal(rowOf(failed).measured, null);
    assert.equal(rowOf({ ...leak, measures: null }).verdict, 'inconclusive');
    assert.equal(rowOf({ ...leak, heartbeatMaxDelayNs: HEARTBEAT_BOUND_NS + 1 }).verdict, 'inconclusive');
  });

  it('counts each third party once, and only from the fault on', () => {
    const one = {
      party: 'dht',
      id: 'dht-1',
      by: 'source',
      address: '',
      how: 'ping',
      times: 3,
      firstNs: 1,
      lastNs: 2,
    } as const;
    const row = rowOf(
      withMeasures({
        exposures: [
          { ...one, phase: 'baseline', id: 'dht-9' },
          { ...one, phase: 'gap' },
          { ...one, phase: 'recovery', how: 'get_peers' },
          { ...one, phase: 'recovery', id: 'dht-2' },
        ],
      }),
    );
    assert.deepEqual(row.measured!.exposedTo, { ...NO_PARTIES, dht: 2 });
  });

  it('takes knocks for ended only after a silence long against their distance', () => {
    const contained = measures.lastClearNs!;
    const survival = (packets: number, lastNs: number, endNs: number): [number | null, boolean] => {
      const knocks = { packets, senders: 1, firstNs: contained + 1e9, lastNs };
      const { aftermath, ...watched } = withMeasures({ knocks });
      assert.ok(aftermath !== undefined);
      const record = { ...watched, instants: { ...leak.instants, endNs } };
      const { addressSurvivalSeconds, addressSurvivalCensored } = rowOf(record).measured!;
      return [addressSurvivalSeconds, addressSurvivalCensored];
    };
    assert.deepEqual(survival(3, contained + 3e9, contained + 9e9), [3, false]);
    assert.deepEqual(survival(3, contained + 3e9, contained + 7e9), [3, true]);
    assert.deepEqual(
      rowOf(withMeasures({ knocks: { packets: 0, senders: 0, firstNs: null, lastNs: null } })).measured!
        .addressSurvivalSeconds,
      null,
    );
  });
});

describe('a polling period', () => {
  it('is read off the id of a switch, in seconds', () => {
    assert.equal(pollingPeriod('app-kill(poll=2s)'), 2);
    assert.equal(pollingPeriod('app-kill(poll=100ms)'), 0.1);
    assert.equal(pollingPeriod('app-block(poll=0.5)'), 0.5);
    assert.equal(pollingPeriod('app-kill(watch=netlink)'), null);
    assert.equal(pollingPeriod('none'), null);
  });
});

describe('a sequential campaign', () => {
  const fixed = manifestOf('none', 'ufw');
  const manifest = {
    ...fixed,
    scenario: { ...fixed.scenario, trialsPerCell: 40, sequential: { looks: [5, 10, 20, 40], width: 0.4 } },
  };
  const repeated = (rows: ReturnType<typeof trials>): ReturnType<typeof trials> =>
    rows.map((row, repetition) => ({ ...row, repetition }));
  const rows = [
    ...repeated(trials(10, 'none', 'leak', { clearPackets: 9 })),
    ...repeated([...trials(5, 'ufw', 'no-leak'), ...trials(15, 'ufw', 'leak', { clearPackets: 9 })]),
  ];
  const summary = summarise(manifest, rows, []);

  it('widens its intervals for its looks, and states them', () => {
    const { low, high } = summary.cells[1]!.leakProbability!;
    const alone = summarise(fixed, rows, []).cells[1]!.leakProbability!;
    assert.ok(low < alone.low && high > alone.high);
    assert.equal(summary.sequential?.lookConfidence, 0.9875);
    assert.match(texts(summary), /looked at after 5, 10, 20 and 40 trials/);
    assert.equal(summarise(fixed, rows, []).sequential, undefined);
  });

  it('compares cells by trials whose number no result has chosen, and gives pooled shares no interval', () => {
    assert.equal(summary.comparisons[0]!.leak!.difference, -1);
    assert.equal(summarise(fixed, rows, []).comparisons[0]!.leak!.difference, -0.25);
    assert.match(texts(summary), /ufw leaked in 15 of 20 judged trials, in 1 of 1 cell/);
  });

  it('bounds what did not leak as ever: without a leak nothing was chosen', () => {
    const safe = [...repeated(trials(10, 'none', 'leak')), ...repeated(trials(10, 'ufw', 'no-leak'))];
    assert.ok(Math.abs(summarise(manifest, safe, []).cells[1]!.leakUpperBound! - (1 - 0.05 ** (1 / 10))) < 1e-12);
  });
});
