import assert from 'node:assert/strict';
import { Clock } from '../../src/contracts/clock.ts';
import type { Host } from '../../src/contracts/host.ts';
import type { PlannedSwitch, SwitchContext } from '../../src/contracts/kill-switch.ts';
import type { Tunnel } from '../../src/contracts/lab.ts';
import { RequestError } from '../../src/contracts/errors.ts';
import { combine } from '../../src/killswitches/combination.ts';
import { engaged } from '../../src/killswitches/engaged.ts';
import { killSwitchByReference, killSwitches, plannedSwitch } from '../../src/killswitches/index.ts';

const says = (pattern: RegExp) => (error: unknown) => error instanceof RequestError && pattern.test(error.message);

describe('the catalogue of kill switches', () => {
  it('has each id once, each with what it reproduces and parameters that may be left out', () => {
    const ids = killSwitches.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)]);
    for (const { id, reproduces, parameters } of killSwitches) {
      assert.ok(reproduces.length > 10, id);
      assert.ok(parameters.safeParse({}).success, id);
    }
  });

  it('fills in what is left out, and parses what it has parsed to itself', () => {
    const parsed = (reference: string): unknown => killSwitchByReference(reference).parsed;
    assert.deepEqual(parsed('app-kill'), [{ id: 'app-kill', parameters: { poll: 2 } }]);
    assert.deepEqual(parsed('app-block(notice=netlink)+app-kill(poll=1h,stall=5s)'), [
      { id: 'app-block', parameters: { notice: 'netlink' } },
      { id: 'app-kill', parameters: { poll: 3600, stall: 5 } },
    ]);
    for (const { id } of killSwitches) {
      const { parsed: once } = killSwitchByReference(id);
      assert.deepEqual(plannedSwitch(once).parsed, once);
    }
  });

  it('says what is wrong with a reference', () => {
    assert.throws(() => killSwitchByReference('app-kil'), says(/no kill switch «app-kil»\. Known: none, client-bind/));
    assert.throws(() => killSwitchByReference('app-kill(poll=2)'), says(/«poll», value «2»: must be a duration/));
    assert.throws(
      () => killSwitchByReference('app-kill(notice=dbus)'),
      says(/«notice», value «dbus»: must be netlink/),
    );
    assert.throws(() => killSwitchByReference('app-kill(notice=netlink,poll=1s)'), says(/neither poll nor stall/));
    assert.throws(() => killSwitchByReference('mullvad+mullvad(lan=allow)'), says(/named twice/));
    assert.throws(() => killSwitchByReference('none(x=1)'), says(/It takes no parameters/));
  });
});

const log: string[] = [];
const host: Host = {
  name: 'client',
  folder: '/nowhere',
  run: () => Promise.reject(new Error('nothing is run here')),
  spawn: () => Promise.reject(new Error('nothing is started here')),
};
const inner: Host = { ...host, folder: '/inside' };
const bracket = { beforeNs: 0, afterNs: 0 };
const tunnel: Tunnel = {
  device: 'wg0',
  fwmark: 1,
  config: { address4: '', address6: '', dns: '', endpoint: { address: '', port: 1 }, gateway4: '' },
  addHook: () => () => undefined,
  up: () => Promise.resolve(bracket),
  down: () => Promise.resolve(bracket),
  restore: () => Promise.resolve(bracket),
  daemonPids: () => Promise.resolve([]),
};
const context: SwitchContext = {
  host,
  tunnel,
  clock: new Clock(),
  identity: {
    clientMac: '',
    lan4: '',
    lan6: null,
    wan4: '',
    tunnel4: '',
    tunnel6: null,
    exit4: '',
    exit6: null,
    endpoint: { address: '', port: 1 },
  },
};
const nothing = { v4: false, v6: false, dns: false, lan: false, boot: false, reconnect: false };
const member = (id: string, more: Partial<PlannedSwitch> = {}): PlannedSwitch => ({
  id,
  title: id,
  family: 'firewall',
  reproduces: id,
  claims: nothing,
  needs: [],
  parsed: [{ id, parameters: {} }],
  engage: (given) => {
    log.push(`engage ${id} on ${given.host.folder}`);
    return Promise.resolve(
      engaged(given, {
        ...(id === 'b' ? { clientHost: inner } : {}),
        ...(id === 'c' ? { binding: 'address' as const } : {}),
        tunnelUp: () => Promise.resolve(void log.push(`up ${id}`)),
        disengage: () => Promise.resolve(void log.push(`disengage ${id}`)),
      }),
    );
  },
  ...more,
});

describe('a combination of kill switches', () => {
  beforeEach(() => log.splice(0));

  it('engages in the order written, disengages in reverse, and hands on the host', async () => {
    const all = await combine([member('a'), member('b'), member('c')]).engage(context);
    await all.tunnelUp();
    await all[Symbol.asyncDispose]();
    assert.deepEqual(log, [
      'engage a on /nowhere',
      'engage b on /nowhere',
      'engage c on /inside',
      'up a',
      'up b',
      'up c',
      'disengage c',
      'disengage b',
      'disengage a',
    ]);
    assert.equal(all.clientHost, inner);
    assert.equal(all.binding, 'address');
  });

  it('disengages what was engaged when one fails', async () => {
    const broken = member('b', { engage: () => Promise.reject(new Error('no')) });
    await assert.rejects(combine([member('a'), broken]).engage(context), /^Error: no$/);
    assert.deepEqual(log, ['engage a on /nowhere', 'disengage a']);
  });

  it('claims what any member claims', () => {
    const both = combine([
      member('a', { claims: { ...nothing, v4: true } }),
      member('b', { claims: { ...nothing, dns: true } }),
    ]);
    assert.deepEqual(both.claims, { ...nothing, v4: true, dns: true });
    assert.equal(both.family, 'combined');
  });
});
