/** What firewalld does with its rules in its life, in each of the recipes: as its documentation and its source have it. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { killSwitchByReference } from '../../src/killswitches/index.ts';
import { runInLab } from '../kit/lab-places.ts';

const PROGRAM = fileURLToPath(new URL('./firewalld-program.ts', import.meta.url));

const seenSchema = z.object({
  running: z.string(),
  killed: z.string(),
  restarted: z.string(),
  reloaded: z.string(),
  stopped: z.string(),
  first: z.tuple([z.number()]),
  second: z.tuple([z.number()]),
  span: z.object({ beforeNs: z.number(), afterNs: z.number() }),
});

async function life(reference: string): Promise<z.infer<typeof seenSchema>> {
  return seenSchema.parse(JSON.parse(await runInLab(null, PROGRAM, reference)));
}

const linesOf = (rules: string): string[] => rules.split('\n');

describe('firewalld', function () {
  this.timeout(120_000);

  for (const recipe of ['policy', 'nic', 'direct']) {
    it(`has its rules outlive it, come again with it and go when it stops: recipe ${recipe}`, async () => {
      const seen = await life(`firewalld(recipe=${recipe})`);
      assert.match(seen.running, /^table inet firewalld /m);
      assert.equal(seen.killed, seen.running);
      // Its start takes down what it has made itself alone: they are there twice until it reloads.
      assert.deepEqual(new Set(linesOf(seen.restarted)), new Set(linesOf(seen.running)));
      // Made again, its tables may stand in another order.
      assert.deepEqual(linesOf(seen.reloaded).sort(), linesOf(seen.running).sort());
      assert.equal(seen.stopped, '');
      assert.notDeepEqual(seen.first, seen.second);
      assert.ok(seen.span.beforeNs < seen.span.afterNs);
    });
  }

  it('takes a recipe and a target, and says what is allowed', () => {
    assert.equal(killSwitchByReference('firewalld(recipe=direct,target=reject)').id, 'firewalld');
    assert.throws(() => killSwitchByReference('firewalld(recipe=rich)'), /«recipe», value «rich»/);
  });
});
