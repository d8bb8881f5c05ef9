import assert from 'node:assert/strict';
import { describeSeconds, parseSeconds } from '../../../src/contracts/durations.ts';
import { RequestError } from '../../../src/contracts/errors.ts';
import { parseMoment } from '../../../src/harness/trial/moments.ts';
import { listScenarios, loadScenario, parseScenario } from '../../../src/harness/campaign/scenario.ts';

const SOUND = `title: A title
hypothesis: Something
clients: [transmission]
killSwitches: [none]
faults: [link-down]
trials: 2
`;

const complaint = (source: string): string => {
  try {
    parseScenario('mine', source, 'mine.yaml');
  } catch (error) {
    assert.ok(error instanceof RequestError);
    return error.message;
  }
  throw new Error('the scenario was accepted');
};

describe('scenario files', () => {
  it('fill in what is left out', () => {
    const scenario = parseScenario('mine', SOUND, 'mine.yaml');
    assert.deepEqual(scenario.moments, ['delay 1s']);
    assert.deepEqual(scenario.order, ['switch', 'tunnel', 'client']);
    assert.deepEqual(scenario.observe, { steady: 30, outage: 6, recovery: 6 });
    assert.equal(scenario.features.dht, 'default');
    assert.equal(scenario.source, SOUND);
  });

  it('read durations with their unit', () => {
    const scenario = parseScenario('mine', `${SOUND}observe: { outage: 1500ms, recovery: 2m }\n`, 'mine.yaml');
    assert.deepEqual(scenario.observe, { steady: 30, outage: 1.5, recovery: 120 });
  });

  it('name file, line and field of a wrong value, and what is allowed', () => {
    assert.match(complaint(SOUND.replace('trials: 2', 'trials: none')), /^mine\.yaml:6: trials: .*number/);
    assert.match(complaint(`${SOUND}observe:\n  outage: 6\n`), /^mine\.yaml:8: observe\.outage: /);
    assert.match(complaint(`${SOUND}observe:\n  outage: soon\n`), /«soon» is not a duration; write 500ms/);
    assert.match(complaint(`${SOUND}order: [switch, switch, client]\n`), /switch, tunnel and client once each/);
  });

  it('refuse a field they do not know, with those they do', () => {
    const message = complaint(`${SOUND}triasl: 3\n`);
    assert.match(message, /^mine\.yaml:7: triasl: not a field here; allowed: title, .*trials/);
  });

  it('say where YAML itself is broken', () => {
    assert.match(complaint('title: [unclosed\n'), /^mine\.yaml:\d+: not valid YAML/);
  });

  it('that come with the project are all sound', async () => {
    const names = (await listScenarios()).map(({ name }) => name);
    assert.ok(names.includes('quickstart'));
  });

  it('unknown by name are answered with those known', async () => {
    await assert.rejects(loadScenario('quickstrat'), /No scenario «quickstrat»\. Known: .*quickstart/);
    await assert.rejects(loadScenario('/nowhere/mine.yaml'), /cannot be read/);
  });
});

describe('durations', () => {
  it('carry a unit', () => {
    assert.equal(parseSeconds('500ms'), 0.5);
    assert.equal(parseSeconds('1.5s'), 1.5);
    assert.equal(parseSeconds('55m'), 3300);
    assert.equal(parseSeconds('1h'), 3600);
    for (const wrong of ['', '5', 's', '-1s', '1 day', '1e3s']) assert.equal(parseSeconds(wrong), null);
  });

  it('are said in the unit a person would use', () => {
    assert.equal(describeSeconds(12.4), '12 s');
    assert.equal(describeSeconds(380), '6 min 20 s');
    assert.equal(describeSeconds(7500), '2 h 5 min');
  });
});

describe('moments', () => {
  it('are a delay, a uniform draw or the n-th event', () => {
    assert.deepEqual(parseMoment('delay 2s'), { kind: 'delay', seconds: 2 });
    assert.deepEqual(parseMoment('uniform 0s..500ms'), { kind: 'uniform', fromSeconds: 0, toSeconds: 0.5 });
    assert.deepEqual(parseMoment('event get_peers 3'), {
      kind: 'event',
      event: 'get_peers',
      nth: 3,
      timeoutSeconds: 60,
    });
  });

  it('else are refused with what is allowed', () => {
    for (const wrong of ['', 'delay', 'delay 2', 'uniform 2s..1s', 'event dream', 'event announce 0', 'now']) {
      assert.throws(() => parseMoment(wrong), /is not a moment\. Allowed: .*KIND one of announce/);
    }
  });
});
