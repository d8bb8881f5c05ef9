/** A client that puts things into its own folder for the harness, which is root, to step into. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { clientById } from '../../../src/clients/index.ts';
import { missing } from '../../../src/harness/labs/provision.ts';
import { PLACES, runInLab } from '../../kit/lab-places.ts';

const PROGRAM = fileURLToPath(new URL('hostile-program.ts', import.meta.url));

const reportSchema = z.object({
  lives: z.array(
    z.object({
      settingsOwner: z.number(),
      victim: z.object({ mode: z.number(), uid: z.number(), bytes: z.number() }),
      left: z.string(),
      told: z.array(z.array(z.string()).nullable()),
    }),
  ),
});

for (const { where, open } of PLACES) {
  describe(`a hostile client in ${where}`, function () {
    this.timeout(180_000);
    let lives: z.infer<typeof reportSchema>['lives'] = [];

    before(async function () {
      if (process.getuid?.() !== 0) this.skip(); // the harm is what root does
      const { needs } = clientById('transmission');
      const place = await open(this, needs);
      if (place === null && missing(needs).length > 0) this.skip();
      lives = reportSchema.parse(JSON.parse(await runInLab(place, PROGRAM))).lives;
    });

    it('is restarted from its folder whatever it has put there, with settings that are its own file', () => {
      assert.deepEqual(
        lives.map(({ settingsOwner }) => settingsOwner),
        [65534, 65534, 65534],
      );
    });

    it('has no file of root’s written to, opened to others or given away', () => {
      for (const { victim } of lives) assert.deepEqual(victim, { mode: 0o600, uid: 0, bytes: 6 });
    });

    it('is not told to keep what a link, a hard link or a pipe in its folder leads to', () => {
      for (const { told } of lives) assert.deepEqual(told, [null, []]);
    });

    it('has no process left when it has been stopped, in a session of its own, deaf or adopted', () => {
      for (const { left } of lives) assert.equal(left, '');
    });
  });
}
