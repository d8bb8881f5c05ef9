import assert from 'node:assert/strict';
import type { FoundRow } from '../../../src/analysis/summary/reach.ts';
import { rowOf, NO_PARTIES } from '../../../src/analysis/summary/rows.ts';
import { summarise } from '../../../src/analysis/summary/summarise.ts';
import { pollingPeriods } from '../../../src/analysis/summary/polling.ts';
import { SYNTHETIC_PLAN, syntheticTrials } from '../../../src/bench/synthetic.ts';
import { HEARTBEAT_BOUND_NS, type TrialRecord } from '../../../src/records/trial-record.ts';
import { testCell } from '../../kit/cells.ts';
import { manifestOf, trial, trials } from '../../kit/summary-rows.ts';

const leaking = trials(10, 'none', 'leak', { gapSeconds: 5, clearPackets: 100, clearBytes: 9_000 });
const texts = (summary: ReturnType<typeof summarise>): string => summary.conclusions.map(({ text }) => text).join('\n');

const foundIn = (...learnt: FoundRow['learnt']): FoundRow => ({
  exact: true,
  reach: { before: 'swarm', outage: 'none', after: 'none' },
  learnt,
  works: null,
  latency: null,
});

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
    assert.match(texts(summary), /ufw with transmission showed no leak in 59 trials over 1 cell: .* at most 5\.0 %/);
    assert.doesNotMatch(texts(summary), /(?<![\d.])0 %/);
  });
});

describe('the numbers of a summary', () => {
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

  it('has no control for a kill switch with a tunnel of its own', () => {
    const rows = [...leaking, ...trials(5, 'persist-tun', 'no-leak'), ...trials(5, 'ufw', 'no-leak')];
    const manifest = manifestOf('none', 'persist-tun', 'ufw');
    const scenario = { ...manifest.scenario, uncontrolled: ['persist-tun'] };
    const { cells, comparisons } = summarise({ ...manifest, scenario }, rows, []);
    assert.deepEqual(
      cells.map(({ control, finding }) => [control, finding]),
      [
        ['leaked', 'leaks'],
        ['absent', 'inconclusive'],
        ['leaked', 'no-leak-seen'],
      ],
    );
    assert.deepEqual(
      comparisons.map(({ control, leak }) => [control, leak === null]),
      [
        ['absent', true],
        ['leaked', false],
      ],
    );
  });
});

describe('what a scenario requires not to leak', () => {
  it('names what the scenario requires not to leak and that leaked, as it stands in the cells', () => {
    const rows = [
      ...leaking,
      ...trials(3, 'app-kill(poll=2s)', 'leak', { gapSeconds: 1 }),
      ...trials(3, 'app-killer', 'leak'),
    ];
    const manifest = manifestOf('none', 'app-kill(poll=2s)', 'app-killer');
    const summary = summarise(
      { ...manifest, scenario: { ...manifest.scenario, mustNotLeak: ['app-kill(poll=2s)'] } },
      rows,
      [],
    );
    assert.deepEqual(
      summary.violations.map(({ killSwitch, leaks }) => [killSwitch, leaks]),
      [['app-kill(poll=2s)', 3]],
    );
    assert.match(texts(summary), /requires app-kill\(poll=2s\) not to leak/);
  });

  it('counts a third party that was told before the fault as a leak of what must not, and names what was not judged', () => {
    const found = foundIn({ stage: 'before', kind: 'dht', id: 'node-0', way: 'source', before: false });
    const rows = [
      ...leaking,
      ...trials(3, 'client-bind', 'no-leak').map((row) => ({ ...row, found })),
      ...trials(3, 'ufw', 'inconclusive'),
    ];
    const manifest = manifestOf('none', 'client-bind', 'ufw');
    const summary = summarise(
      { ...manifest, scenario: { ...manifest.scenario, mustNotLeak: ['client-bind', 'ufw'] } },
      rows,
      [],
    );
    assert.deepEqual(
      summary.violations.map(({ killSwitch, leaks, judged }) => [killSwitch, leaks, judged]),
      [['client-bind', 3, 3]],
    );
    assert.deepEqual(
      summary.unjudged.map(({ killSwitch }) => killSwitch),
      ['ufw'],
    );
    assert.match(texts(summary), /ufw not to leak; .* no trial was judged/);
  });
});

describe('the comparisons of a summary', () => {
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

describe('polling periods', () => {
  const periods = (killSwitch: string): readonly number[] => pollingPeriods(testCell({ killSwitch }));

  it('are those the switch runs with, in seconds, whatever unit they are written in and where none is', () => {
    assert.deepEqual(periods('app-kill(poll=2s)'), [2]);
    assert.deepEqual(periods('app-kill'), [2]);
    assert.deepEqual(periods('app-block(poll=100ms)'), [0.1]);
    assert.deepEqual(periods('app-kill(poll=1h)'), [3600]);
    assert.deepEqual(periods('none'), []);
    assert.deepEqual(periods('mullvad(lan=allow)'), []);
  });

  it('are those of every member of a combination that polls, where none is told by the kernel', () => {
    assert.deepEqual(periods('client-bind+app-kill(poll=1m)'), [60]);
    assert.deepEqual(periods('app-kill(poll=5s)+app-block'), [2, 5]);
    assert.deepEqual(periods('app-kill(notice=netlink)'), []);
    assert.deepEqual(periods('app-kill(notice=netlink)+app-block(poll=5s)'), []);
  });

  it('say nothing of a placebo, in which there was nothing to notice', () => {
    const cell = testCell({ killSwitch: 'app-kill', fault: 'none' });
    const quiet = trials(4, 'app-kill', 'no-leak').map((row) => ({ ...row, cell }));
    const rows = [...trials(3, 'app-kill', 'leak', { detectionSeconds: 1 }), ...quiet];
    const { polling } = summarise(manifestOf('app-kill'), rows, []);
    assert.deepEqual(
      polling.map(({ unnoticed, uniform }) => [unnoticed, uniform.n]),
      [[0, 3]],
    );
  });

  it('of an hour is no period of a second, nor a default no period', () => {
    const rows = ['app-kill(poll=1h)', 'app-kill'].flatMap((killSwitch) =>
      trials(3, killSwitch, 'leak', { detectionSeconds: 1 }),
    );
    const { polling } = summarise(manifestOf('app-kill(poll=1h)', 'app-kill'), rows, []);
    assert.deepEqual(
      polling.map(({ killSwitch, periodSeconds }) => [killSwitch, periodSeconds]),
      [
        ['app-kill', 2],
        ['app-kill(poll=1h)', 3600],
      ],
    );
  });

  it('of several members make the first of them the model, and a sentence that says so', () => {
    const both = 'app-kill(poll=2s)+app-block(poll=5s)';
    const rows = trials(5, both, 'leak', { detectionSeconds: 1 });
    const summary = summarise(manifestOf(both), rows, []);
    assert.deepEqual(summary.polling[0]!.periods, [2, 5]);
    assert.equal(summary.polling[0]!.periodSeconds, 2);
    // All five at 1 s: the distance is the model there, 1 - (1 - 1/2)(1 - 1/5), or the rest.
    assert.ok(Math.abs(summary.polling[0]!.uniform.d - 0.6) < 1e-12);
    assert.match(texts(summary), /the model is the first of looks every 2 s and 5 s, at most 2 s/);
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
    assert.match(
      texts(summary),
      /ufw with transmission: it let packets out while the tunnel was down in 15 of 20 judged trials, and told nobody beyond the local network/,
    );
  });

  it('bounds what did not leak as ever: without a leak nothing was chosen', () => {
    const safe = [...repeated(trials(10, 'none', 'leak')), ...repeated(trials(10, 'ufw', 'no-leak'))];
    assert.ok(Math.abs(summarise(manifest, safe, []).cells[1]!.leakUpperBound! - (1 - 0.05 ** (1 / 10))) < 1e-12);
  });
});
