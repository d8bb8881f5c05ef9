/**
 * Every fault of the catalogue, in the real lab: it has an effect, its reversal ends it and leaves nothing behind, and it
 * can happen again. What comes out in the clear meanwhile is not looked at: that is what trials are for.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { faultByReference, faults } from '../../src/faults/index.ts';
import { RequestError } from '../../src/harness/errors.ts';
import { enterNamespaces } from '../../src/harness/labs/netns.ts';

const REGISTER = fileURLToPath(new URL('../register.mjs', import.meta.url));
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
/** Those whose effect is over when they have happened. */
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

async function effect(reference: string, killSwitch = 'none'): Promise<Seen> {
  const [program, ...args] = enterNamespaces([
    process.execPath,
    '--no-warnings',
    `--import=${REGISTER}`,
    PROGRAM,
    reference,
    killSwitch,
  ]);
  const { stdout } = await promisify(execFile)(program, args, {
    timeout: 120_000,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 24,
  });
  return seenSchema.parse(JSON.parse(stdout));
}

const without = (some: readonly string[], others: readonly string[]): readonly string[] =>
  some.filter((line) => !others.includes(line));

/** Labs at once: each waits more than it works. */
const LABS = 3;

describe('faults in the lab', function () {
  this.timeout(400_000);

  const effects = new Map<string, Promise<Seen>>();
  before(() => {
    const queue = faults.map(({ id }) => id);
    const settle = new Map<string, (run: Promise<Seen>) => void>();
    for (const id of queue) effects.set(id, new Promise<Seen>((resolve) => void settle.set(id, resolve)));
    const turn = async (): Promise<void> => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        const run = effect(...(RUNS[id] ?? [id]));
        settle.get(id)?.(run);
        await run.catch(() => undefined);
      }
    };
    for (let lab = 0; lab < LABS; lab++) void turn();
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

  it('with parameters checked beforehand', () => {
    assert.throws(() => faultByReference('flap(period=4)'), says(/«period», value «4»: must be a duration/));
    assert.throws(() => faultByReference('link-down(x=1)'), says(/unknown parameter «x»\. It takes no parameters/));
    assert.throws(() => faultByReference('specific-route(to=moon)'), says(/«to», value «moon»: .*tracker/));
    assert.equal(faultByReference('mtu-blackhole(mtu=1000)').id, 'mtu-blackhole');
  });
});
