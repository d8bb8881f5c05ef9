/**
 * Every fault of the catalogue, in the real lab of either kind: it has an effect, its reversal ends it and leaves nothing behind, and it
 * can happen again. What comes out in the clear meanwhile is not looked at: that is what trials are for.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { faultByReference, faults, plannedFault } from '../../src/faults/index.ts';
import { RequestError } from '../../src/contracts/errors.ts';
import { killSwitchByReference } from '../../src/killswitches/index.ts';
import { PLACES, runInLab, together, type Place } from '../kit/lab-places.ts';

const PROGRAM = fileURLToPath(new URL('./effect-program.ts', import.meta.url));

/** Faults as the suite runs them, with the kill switch they happen to; as they are where nothing is said. */
const RUNS: Readonly<Record<string, readonly [reference: string, killSwitch?: string]>> = {
  flap: ['flap(period=1s)'],
  'uplink-flap': ['uplink-flap(down=500ms)'],
  'tunnel-restarted': ['tunnel-restarted(gap=500ms)'],
  suspend: ['suspend(asleep=500ms)'],
  'client-restart': ['client-restart(into=clear)'],
  'cold-start': ['cold-start(tunnel=500ms)'],
  'iptables-flush': ['iptables-flush(policy=accept)', 'gluetun'],
  'nft-flush': ['nft-flush', 'mullvad'],
  'firewall-reload': ['firewall-reload', 'ivpn'],
  'switch-killed': ['switch-killed', 'mullvad'],
  'switch-updated': ['switch-updated', 'ivpn'],
};
/** Faults whose effect is over when they have happened. */
const MOMENTARY = ['switch-updated'];

const bracket = z.object({ beforeNs: z.number(), afterNs: z.number() });
const lines = z.array(z.string());
const seenSchema = z.object({
  rounds: z.array(
    z.object({ before: lines, under: lines, after: lines, carried: z.boolean(), span: bracket, reverted: bracket }),
  ),
  carried: z.boolean(),
});
type Seen = z.infer<typeof seenSchema>;

async function effect(place: Place, id: string): Promise<Seen> {
  const [reference, killSwitch = 'none'] = RUNS[id] ?? [id];
  const lasting = MOMENTARY.includes(id) ? 'momentary' : 'lasting';
  return seenSchema.parse(JSON.parse(await runInLab(place, PROGRAM, reference, killSwitch, lasting)));
}

const without = (some: readonly string[], others: readonly string[]): readonly string[] =>
  some.filter((line) => !others.includes(line));

/** What the client's host needs for all of them. */
const NEEDS = [
  ...faults.flatMap(({ needs }) => needs),
  ...Object.values(RUNS).flatMap(([, killSwitch = 'none']) => killSwitchByReference(killSwitch).needs),
];

for (const { where, open } of PLACES)
  describe(`faults in a lab in ${where}`, function () {
    this.timeout(400_000);

    let effects: ReadonlyMap<string, Promise<Seen>> = new Map();
    before(async function () {
      const place = await open(this, NEEDS);
      effects = together(
        faults.map(({ id }) => id),
        (id) => effect(place, id),
      );
    });

    for (const { id } of faults) {
      describe((RUNS[id] ?? [id]).join(' with '), () => {
        let seen: Seen;
        before(async () => {
          const run = effects.get(id);
          assert.ok(run);
          seen = await run;
        });

        it('has an effect', () => {
          for (const { before, under, span } of seen.rounds) {
            assert.ok(span.beforeNs < span.afterNs);
            if (MOMENTARY.includes(id)) continue;
            assert.notDeepEqual([...without(before, under), ...without(under, before)], []);
          }
        });

        it('ends with its reversal, which leaves nothing behind', () => {
          for (const { before, after, carried, span, reverted } of seen.rounds) {
            assert.deepEqual(
              { missing: without(before, after), added: without(after, before) },
              { missing: [], added: [] },
            );
            assert.ok(carried, 'the tunnel does not carry traffic again');
            assert.ok(span.afterNs <= reverted.beforeNs);
          }
          assert.ok(seen.carried, 'the tunnel does not carry traffic once the fault is disarmed');
        });
      });
    }
  });

describe('faults as scenarios name them', () => {
  const says = (pattern: RegExp) => (error: unknown) => error instanceof RequestError && pattern.test(error.message);

  it('one at a time', () => {
    assert.throws(() => faultByReference('link-down+route-lost'), says(/has one fault/));
  });

  it('with the known ids when one is unknown', () => {
    assert.throws(() => faultByReference('link-downn'), says(/no fault «link-downn»\. Known: link-down, /));
  });

  it('with what is left out filled in; what was parsed parses to itself', () => {
    assert.deepEqual(faultByReference('flap').parsed, { id: 'flap', parameters: { period: 4 } });
    for (const { id } of faults) {
      const { parsed } = faultByReference(RUNS[id]?.[0] ?? id);
      assert.deepEqual(plannedFault(parsed).parsed, parsed);
    }
  });

  it('with parameters checked beforehand', () => {
    assert.throws(() => faultByReference('flap(period=4)'), says(/«period», value «4»: must be a duration/));
    assert.throws(() => faultByReference('link-down(x=1)'), says(/unknown parameter «x»\. It takes no parameters/));
    assert.throws(() => faultByReference('specific-route(to=moon)'), says(/«to», value «moon»: .*tracker/));
    assert.equal(faultByReference('mtu-blackhole(mtu=1000)').id, 'mtu-blackhole');
  });
});
