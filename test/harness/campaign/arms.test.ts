/** The arms that a scenario is compared with and need not name. */
import assert from 'node:assert/strict';
import { makePlan, restrict, type Restrictions } from '../../../src/harness/campaign/plan.ts';
import { makeManifest } from '../../../src/harness/campaign/manifest.ts';
import { parseScenario } from '../../../src/harness/campaign/scenario.ts';
import { cellKey } from '../../../src/records/identity.ts';

const SOURCE = `title: A title
hypothesis: Something
clients: [transmission]
killSwitches: [none, client-bind]
faults: [link-down, route-lost]
moments: [delay 1s, uniform 0s..2s]
trials: 3
`;

const planOf = (changed: Readonly<Record<string, string>> = {}, by: Restrictions = {}) => {
  const lines = Object.entries(changed).map(([field, value]) => `${field}: ${value}\n`);
  const kept = SOURCE.split('\n').filter((line) => !Object.keys(changed).some((field) => line.startsWith(`${field}:`)));
  return makePlan(restrict(parseScenario('mine', kept.join('\n') + lines.join(''), 'mine.yaml'), by), 1);
};
const keys = (cells: ReturnType<typeof planOf>['cells']): string[] => cells.map(cellKey);

describe('the placebo arm', () => {
  it('has one cell for each client, kill switch and moment, with as many trials, in the same blocks', () => {
    const { cells, trials, said } = planOf();
    const placebos = cells.filter(({ fault }) => fault === 'none');
    assert.deepEqual(keys(placebos), [
      'transmission / none / none / delay 1s',
      'transmission / none / none / uniform 0s..2s',
      'transmission / client-bind / none / delay 1s',
      'transmission / client-bind / none / uniform 0s..2s',
    ]);
    assert.ok(placebos.every(({ parsed }) => parsed.fault.id === 'none'));
    for (let block = 0; block < 3; block++) {
      const own = trials.slice(block * cells.length, (block + 1) * cells.length);
      assert.ok(own.every(({ repetition }) => repetition === block));
      assert.equal(new Set(own.map(({ cell }) => cellKey(cell))).size, cells.length);
    }
    assert.deepEqual(said, ['placebo arm added: what is measured is compared with it']);
  });

  it('is not added where it is named, in whatever way', () => {
    const { cells } = planOf({ faults: '[link-down, "none()"]' });
    assert.equal(cells.filter(({ fault }) => fault === 'none').length, 4);
    assert.equal(cells.length, 8);
  });

  it('is left out where the scenario says so, which is said', () => {
    const { cells, said } = planOf({ placebo: 'false' });
    assert.ok(cells.every(({ fault }) => fault !== 'none'));
    assert.match(said.join('; '), /^no placebo arm for any of 8 cells: what the fall added cannot be told/);
  });

  it('is planned for what the command line narrows or adds, and alone where it alone is asked for', () => {
    assert.deepEqual(keys(planOf({ moments: '[delay 1s]' }, { killSwitches: ['none'], faults: ['flap'] }).cells), [
      'transmission / none / flap / delay 1s',
      'transmission / none / none / delay 1s',
    ]);
    assert.deepEqual(keys(planOf({ moments: '[delay 1s]' }, { killSwitches: ['none'], faults: ['none'] }).cells), [
      'transmission / none / none / delay 1s',
    ]);
  });

  it('is not planned for a cell that is excluded, nor where it is itself excluded', () => {
    const gone = planOf({ exclude: '[{ killSwitch: client-bind, moment: delay 1s }]' });
    assert.ok(!keys(gone.cells).includes('transmission / client-bind / none / delay 1s'));
    const itself = planOf({ exclude: '[{ killSwitch: client-bind, fault: none }]' });
    assert.equal(itself.cells.filter(({ fault }) => fault === 'none').length, 2);
    assert.match(itself.said.join('; '), /no placebo arm for 4 of 8 cells/);
  });

  it('is none of the kinds that compare something else', () => {
    for (const kind of ['selftest', 'concurrency', 'agreement']) {
      const { cells, said } = planOf({ kind });
      assert.equal(cells.length, 8);
      assert.deepEqual(said, []);
    }
  });

  it('is not added to a campaign that was planned without one', () => {
    const earlier = planOf({ placebo: 'false' }).cells;
    const scenario = parseScenario('mine', SOURCE, 'mine.yaml');
    assert.deepEqual(makePlan(scenario, 1, earlier).cells, earlier);
  });
});

describe('the control arm', () => {
  it('is added for each client, fault and moment, with its placebo', () => {
    const { cells, said } = planOf({ killSwitches: '[client-bind]', moments: '[delay 1s]' });
    assert.deepEqual(keys(cells), [
      'transmission / none / link-down / delay 1s',
      'transmission / none / route-lost / delay 1s',
      'transmission / none / none / delay 1s',
      'transmission / client-bind / link-down / delay 1s',
      'transmission / client-bind / route-lost / delay 1s',
      'transmission / client-bind / none / delay 1s',
    ]);
    assert.deepEqual(said, ['control and placebo arm added: what is measured is compared with it']);
  });

  it('is left out where the scenario says so, which is said', () => {
    const { cells, said } = planOf({ killSwitches: '[client-bind]', control: 'false' });
    assert.ok(cells.every(({ killSwitch }) => killSwitch === 'client-bind'));
    assert.match(said.join('; '), /no control arm for any of 4 cells/);
  });

  it('is not planned for what happens to a kill switch alone', () => {
    const { cells } = planOf({ killSwitches: '[mullvad]', faults: '[switch-updated, link-down]', placebo: 'false' });
    const faults = cells.filter(({ killSwitch }) => killSwitch === 'none').map(({ fault }) => fault);
    assert.deepEqual([...new Set(faults)], ['link-down']);
  });

  it('is none of a kill switch with a tunnel of its own, which plan and manifest say', () => {
    const alone = planOf({ killSwitches: '["haugene(v6=off)"]' });
    assert.ok(alone.cells.every(({ killSwitch }) => killSwitch !== 'none'));
    const source = SOURCE.replace('client-bind', 'client-bind, "client-bind+persist-tun(v6=off)"');
    const scenario = parseScenario('mine', source, 'mine.yaml');
    const plan = makePlan(scenario, 1);
    assert.match(plan.said.join('; '), /no control arm for client-bind\+persist-tun\(v6=off\): it brings a tunnel of/);
    const run = { scenario, seed: 1, folder: '/somewhere/mine', startedAt: '2026-01-01T00:00:00Z' };
    assert.deepEqual(makeManifest(run, plan, 1, {}).scenario.uncontrolled, ['client-bind+persist-tun(v6=off)']);
  });
});
