/**
 * The compliance suite of faults, for anybody's `Fault`, in the real lab of either kind: it has an effect, its reversal ends
 * it and leaves nothing behind, and it can happen again. What comes out in the clear meanwhile is not looked at: that is
 * what trials are for.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Fault } from '../../src/contracts/fault.ts';
import { type Labs, TURN_MS } from './lab-places.ts';

const PROGRAM = fileURLToPath(new URL('../faults/effect-program.ts', import.meta.url));

const bracket = z.object({ beforeNs: z.number(), afterNs: z.number() });
const lines = z.array(z.string());
const seenSchema = z.object({
  rounds: z.array(
    z.object({ before: lines, under: lines, after: lines, carried: z.boolean(), span: bracket, reverted: bracket }),
  ),
  carried: z.boolean(),
});
type Seen = z.infer<typeof seenSchema>;

const without = (some: readonly string[], others: readonly string[]): readonly string[] =>
  some.filter((line) => !others.includes(line));

/** How a fault is tested, where that is not by its id from the catalogue. */
export interface FaultRun {
  /** Reference that a scenario names it by. */
  readonly reference?: string;
  /** Reference of the kill switch that it happens to. */
  readonly killSwitch?: string;
  /** Whether its effect is over when it has happened. */
  readonly momentary?: boolean;
  /** Whether it must have no effect: the placebo. */
  readonly idle?: boolean;
  /** Path of the file that exports it, where it is of no catalogue: the lab's own process reads it from there. */
  readonly file?: string;
}

/** Tests `fault` in a lab of `labs`, which `labsIn` gives in the description around it. */
export function faultCompliance(fault: Pick<Fault, 'id'>, labs: Labs, run: FaultRun = {}): void {
  const { reference = fault.id, killSwitch, momentary = false, idle = false, file = '' } = run;
  const told = labs.run(PROGRAM, reference, killSwitch ?? 'none', momentary || idle ? 'momentary' : 'lasting', file);

  describe(killSwitch === undefined ? reference : `${reference} with ${killSwitch}`, function () {
    this.timeout(TURN_MS);

    let seen: Seen;
    before(async () => {
      seen = seenSchema.parse(JSON.parse(await told()));
    });

    it(idle ? 'has no effect' : 'has an effect', () => {
      for (const { before, under, span } of seen.rounds) {
        assert.ok(span.beforeNs < span.afterNs);
        const effect = [...without(before, under), ...without(under, before)];
        if (idle) assert.deepEqual(effect, []);
        else if (!momentary) assert.notDeepEqual(effect, []);
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
