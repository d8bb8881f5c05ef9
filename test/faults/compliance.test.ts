/** Every fault of the catalogue, held to its contract (test/kit/fault-compliance.ts) in labs of either kind. */
import assert from 'node:assert/strict';
import { faultByReference, faults, plannedFault } from '../../src/faults/index.ts';
import { RequestError } from '../../src/contracts/errors.ts';
import { killSwitchByReference } from '../../src/killswitches/index.ts';
import { faultCompliance, type FaultRun } from '../kit/fault-compliance.ts';
import { testCell } from '../kit/cells.ts';
import { labsIn, PLACES } from '../kit/lab-places.ts';

/** Faults as the suite runs them, with the kill switch they happen to; as they are where nothing is said. */
const RUNS: Readonly<Record<string, FaultRun>> = {
  none: { idle: true },
  flap: { reference: 'flap(period=1s)' },
  'uplink-flap': { reference: 'uplink-flap(down=500ms)' },
  'tunnel-restarted': { reference: 'tunnel-restarted(gap=500ms)' },
  suspend: { reference: 'suspend(asleep=500ms)' },
  'client-restart': { reference: 'client-restart(into=clear)' },
  'cold-start': { reference: 'cold-start(tunnel=500ms)' },
  'iptables-flush': { reference: 'iptables-flush(policy=accept)', killSwitch: 'gluetun' },
  'nft-flush': { killSwitch: 'mullvad' },
  'firewall-reload': { killSwitch: 'ivpn' },
  'switch-killed': { killSwitch: 'mullvad' },
  'switch-updated': { killSwitch: 'ivpn', momentary: true },
};

/** What the client's host needs for all of them. */
const NEEDS = [
  ...faults.flatMap(({ needs }) => needs),
  ...Object.values(RUNS).flatMap(({ killSwitch = 'none' }) => killSwitchByReference(killSwitch).needs),
];

for (const place of PLACES)
  describe(`faults in a lab in ${place.where}`, () => {
    const labs = labsIn(place, NEEDS);
    for (const fault of faults) faultCompliance(fault, labs, RUNS[fault.id]);
  });

describe('faults as scenarios name them', () => {
  const says = (pattern: RegExp) => (error: unknown) => error instanceof RequestError && pattern.test(error.message);

  it('one at a time', () => {
    assert.throws(() => faultByReference('link-down+route-lost'), says(/has one fault/));
  });

  it('with the known ids when one is unknown', () => {
    assert.throws(() => faultByReference('link-downn'), says(/no fault «link-downn»\. Known: none, link-down, /));
  });

  it('with what is left out filled in; what was parsed parses to itself', () => {
    assert.deepEqual(faultByReference('flap').parsed, { id: 'flap', parameters: { period: 4 } });
    for (const { id } of faults) {
      const { parsed } = faultByReference(RUNS[id]?.reference ?? id);
      assert.deepEqual(plannedFault(parsed).parsed, parsed);
    }
  });

  it('the placebo by one name alone, however it is written', () => {
    for (const fault of ['none', ' none ', 'none()']) {
      const cell = testCell({ fault });
      assert.equal(cell.fault, 'none');
      assert.deepEqual(cell.parsed.fault, { id: 'none', parameters: {} });
    }
  });

  it('with parameters checked beforehand', () => {
    assert.throws(() => faultByReference('flap(period=4)'), says(/«period», value «4»: must be a duration/));
    assert.throws(() => faultByReference('link-down(x=1)'), says(/unknown parameter «x»\. It takes no parameters/));
    assert.throws(() => faultByReference('specific-route(to=moon)'), says(/«to», value «moon»: .*tracker/));
    assert.equal(faultByReference('mtu-blackhole(mtu=1000)').id, 'mtu-blackhole');
  });
});
