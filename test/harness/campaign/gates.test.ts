import assert from 'node:assert/strict';
import { RequestError } from '../../../src/contracts/errors.ts';
import { makePlan, restrict } from '../../../src/harness/campaign/plan.ts';
import { limitedCells, requiredSwitches } from '../../../src/harness/campaign/requirements.ts';
import { parseScenario } from '../../../src/harness/campaign/scenario.ts';

const FIELDS = {
  title: 'A title',
  hypothesis: 'Something',
  clients: '[transmission, deluge]',
  killSwitches: '[none, app-kill, client-bind+app-kill]',
  faults: '[link-down, flap]',
  moments: '[delay 1s, uniform 0s..2s]',
  trials: '1',
  placebo: 'false',
  control: 'false',
};
type Fields = Partial<Record<keyof typeof FIELDS | 'exclude' | 'mustNotLeak' | 'torrent' | 'infrastructure', string>>;

const scenarioOf = (changed: Fields = {}) => {
  const fields = Object.entries({ ...FIELDS, ...changed });
  return parseScenario('mine', fields.map(([name, value]) => `${name}: ${value}\n`).join(''), 'mine.yaml');
};
const refusal = (changed: Fields): string => {
  try {
    scenarioOf(changed);
  } catch (error) {
    assert.ok(error instanceof RequestError);
    return error.message;
  }
  throw new Error('the scenario was accepted');
};

describe('a name given twice', () => {
  it('is refused with file, line, place and name, in every list', () => {
    assert.match(
      refusal({ killSwitches: '[none, none]' }),
      /^mine\.yaml:4: killSwitches\.1: «none» is named twice; .*take/,
    );
    assert.match(
      refusal({ clients: '[deluge, transmission, deluge]' }),
      /^mine\.yaml:3: clients\.2: «deluge» is named/,
    );
    assert.match(refusal({ faults: '[flap, link-down, flap]' }), /^mine\.yaml:5: faults\.2: «flap» is named twice/);
    assert.match(refusal({ moments: '[delay 1s, delay 1s]' }), /^mine\.yaml:6: moments\.1: «delay 1s» is named twice/);
    assert.match(
      refusal({ infrastructure: '[opentracker, opentracker]' }),
      /infrastructure\.1: «opentracker» is named/,
    );
  });

  it('is refused however it is written', () => {
    assert.match(
      refusal({ killSwitches: '[none, app-kill, "app-kill(poll=2s)"]' }),
      /killSwitches\.2: «app-kill\(poll=2s\)» is the same as «app-kill», which is named already/,
    );
    assert.match(refusal({ killSwitches: '["mullvad( lan = block )", none, mullvad]' }), /«mullvad» is the same as/);
    assert.match(refusal({ faults: '["flap(period=4000ms)", flap]' }), /«flap» is the same as «flap\(period=4000ms\)»/);
    assert.match(refusal({ moments: '[delay 1s, delay 1000ms]' }), /«delay 1000ms» is the same as «delay 1s»/);
  });

  it('is refused on the command line, by its option', () => {
    const scenario = scenarioOf();
    const says = (pattern: RegExp) => (error: unknown) => error instanceof RequestError && pattern.test(error.message);
    assert.throws(
      () => restrict(scenario, { clients: ['deluge', 'deluge'] }),
      says(/^--client: «deluge» is named twice/),
    );
    assert.throws(
      () => restrict(scenario, { faults: ['flap', 'flap(period=4s)'] }),
      says(/^--fault: .*is the same as/),
    );
    assert.throws(
      () => restrict(scenario, { killSwitches: ['app-kill', 'none', 'app-kill(poll=2s)'] }),
      says(/^--switch: «app-kill\(poll=2s\)» is the same as «app-kill»/),
    );
  });

  it('is not what differs in a parameter or in order', () => {
    scenarioOf({ killSwitches: '[app-kill, "app-kill(poll=1s)", app-kill+client-bind, client-bind+app-kill]' });
  });
});

describe('an exclusion', () => {
  it('takes out cells however the name is written', () => {
    const { cells } = makePlan(
      scenarioOf({ exclude: '[{ killSwitch: "app-kill(poll=2000ms)" }, { fault: "flap(period=4s)" }]' }),
      1,
    );
    assert.deepEqual([...new Set(cells.map(({ killSwitch }) => killSwitch))], ['none', 'client-bind+app-kill']);
    assert.deepEqual([...new Set(cells.map(({ fault }) => fault))], ['link-down']);
  });

  it('that takes out no cell is refused with what is allowed', () => {
    assert.match(
      refusal({ exclude: '[{ client: deluge }, { client: transmission, killSwitch: app-kil }]' }),
      /^mine\.yaml:10: exclude\.1\.killSwitch: «app-kil» is no kill switch of this scenario.*allowed: none, app-kill, /,
    );
    assert.match(
      refusal({ exclude: '[{ client: qbittorrent }]' }),
      /exclude\.0\.client: «qbittorrent» is no client of/,
    );
    assert.match(refusal({ exclude: '[{ fault: "flap(period=1s)" }]' }), /«flap\(period=1s\)» is no fault of this/);
    assert.match(refusal({ exclude: '[{ moment: delay 2s }]' }), /«delay 2s» is no moment of this scenario/);
  });

  it('of a name that the command line leaves out is no mistake', () => {
    const scenario = restrict(scenarioOf({ exclude: '[{ killSwitch: app-kill }]' }), { killSwitches: ['none'] });
    assert.equal(makePlan(scenario, 1).cells.length, 8);
  });
});

describe('a kill switch that must not leak', () => {
  it('is refused when the scenario has none of that name', () => {
    assert.match(
      refusal({ mustNotLeak: '[none, nnone]' }),
      /^mine\.yaml:10: mustNotLeak\.1: «nnone» is no kill switch of this scenario.*allowed: none, app-kill, /,
    );
    assert.match(refusal({ mustNotLeak: '["app-kill(poll=1s)"]' }), /«app-kill\(poll=1s\)» is no kill switch of this/);
    assert.match(refusal({ mustNotLeak: '[client-bind]' }), /«client-bind» is no kill switch of this scenario/);
  });

  it('is named without parameters for any, and with them however they are written', () => {
    const required = (killSwitches: string, mustNotLeak: string) =>
      requiredSwitches(scenarioOf({ killSwitches, mustNotLeak }));
    const both = '[none, app-kill, "app-kill(poll=1s)"]';
    assert.deepEqual(required(both, '[app-kill]'), ['app-kill', 'app-kill(poll=1s)']);
    assert.deepEqual(required(both, '["app-kill(poll=2s)"]'), ['app-kill']);
    assert.deepEqual(required('[client-bind+app-kill]', '[client-bind+app-kill]'), ['client-bind+app-kill']);
  });

  it('is required where it is run, and no mistake where the command line leaves it out', () => {
    const scenario = restrict(scenarioOf({ mustNotLeak: '[app-kill, none]' }), { killSwitches: ['none'] });
    assert.deepEqual(requiredSwitches(scenario), ['none']);
  });
});

describe('how far nothing may reach', () => {
  const limits = (changed: Fields): [string, string][] => {
    const scenario = scenarioOf(changed);
    const { cells } = makePlan(scenario, 1);
    return limitedCells(scenario, cells).map(({ client, killSwitch, fault, moment, reach }) => [
      [client, killSwitch, fault, moment].join(' / '),
      reach,
    ]);
  };
  const ONE = { clients: '[transmission]', moments: '[delay 1s]' };

  it('is asked of every cell that has the names given, placebo and control included', () => {
    assert.deepEqual(
      limits({ ...ONE, faults: '[flap]', placebo: 'true', mustNotLeak: '[{ killSwitch: app-kill, reach: swarm }]' }),
      [
        ['transmission / app-kill / flap / delay 1s', 'swarm'],
        ['transmission / app-kill / none / delay 1s', 'swarm'],
      ],
    );
    const all = { ...ONE, killSwitches: '[app-kill]', faults: '[flap]', placebo: 'true', control: 'true' };
    assert.equal(limits({ ...all, mustNotLeak: '[{ killSwitch: none, fault: none }]' }).length, 1);
    assert.equal(limits({ ...all, mustNotLeak: '[{}]' }).length, 4);
  });

  it('is a third party where it is left out, and the least where several entries meet', () => {
    const met = limits({
      ...ONE,
      mustNotLeak:
        '[{ fault: "flap(period=4000ms)" }, { fault: flap, killSwitch: none, reach: lan }, { reach: swarm }]',
    });
    assert.deepEqual(
      met.filter(([cell]) => cell.includes('flap')).map(([, reach]) => reach),
      ['lan', 'service', 'service'],
    );
    assert.deepEqual(
      met.filter(([cell]) => cell.includes('link-down')).map(([, reach]) => reach),
      ['swarm', 'swarm', 'swarm'],
    );
  });

  it('stands beside names alone, which keep their meaning', () => {
    const scenario = scenarioOf({ ...ONE, mustNotLeak: '[app-kill, { killSwitch: none }]' });
    assert.deepEqual(requiredSwitches(scenario), ['app-kill']);
    assert.ok(limitedCells(scenario, makePlan(scenario, 1).cells).every(({ killSwitch }) => killSwitch === 'none'));
  });

  it('is refused with a name that the scenario lacks, and what is allowed', () => {
    assert.match(
      refusal({ mustNotLeak: '[app-kill, { killSwitch: app-kil }]' }),
      /^mine\.yaml:10: mustNotLeak\.1\.killSwitch: «app-kil» is no kill switch of this.*allowed: none, app-kill, /,
    );
    assert.match(refusal({ mustNotLeak: '[{ client: qbittorrent }]' }), /client: «qbittorrent» is no client of this/);
    assert.match(refusal({ mustNotLeak: '[{ fault: route-lost }]' }), /«route-lost» is no fault of .*link-down, flap/);
    assert.match(refusal({ mustNotLeak: '[{ moment: delay 2s }]' }), /«delay 2s» is no moment of this scenario/);
    assert.match(refusal({ mustNotLeak: '[{ fault: none }]' }), /«none» is no fault of this scenario/);
  });

  it('is refused for cells that are not planned, and for what is no reach', () => {
    assert.match(
      refusal({
        exclude: '[{ killSwitch: app-kill, fault: flap }]',
        mustNotLeak: '[{ killSwitch: app-kill, fault: flap }]',
      }),
      /mustNotLeak\.0: no cell is planned that has «app-kill» and «flap».*take the cell out of «exclude»/,
    );
    assert.match(
      refusal({ mustNotLeak: '[{ killSwitch: none, reach: swam }]' }),
      /mustNotLeak\.0\.reach: «swam» is no reach; allowed, worst first: swarm, service, path, lan\./,
    );
    assert.match(refusal({ mustNotLeak: '[{ reach: none }]' }), /«none» is no reach; allowed/);
    assert.match(refusal({ mustNotLeak: '[{ killSwich: none }]' }), /mustNotLeak\.0.*killSwitch, fault, moment/);
    assert.match(refusal({ mustNotLeak: '[3]' }), /mustNotLeak\.0: must be the name of a kill switch, or an object/);
  });
});

describe('a tracker of the infrastructure', () => {
  it('is refused where nobody runs it', () => {
    for (const trackers of ['[opentracker-http]', '[http, opentracker-udp]', '[[http, opentracker-udp]]']) {
      assert.match(
        refusal({ torrent: `{ trackers: ${trackers} }` }),
        /^mine\.yaml:10: torrent\.trackers\.\d: «opentracker-(http|udp)» is served by «opentracker», which is not run: add/,
      );
    }
    scenarioOf({ torrent: '{ trackers: [http, opentracker-http] }', infrastructure: '[opentracker]' });
  });
});
