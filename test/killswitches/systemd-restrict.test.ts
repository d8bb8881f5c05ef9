/** Control groups are the machine's, not a lab's: what systemd-restrict makes there is safe from the labs beside it. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { runInLab } from '../kit/lab-places.ts';

const PROGRAM = fileURLToPath(new URL('./systemd-restrict-program.ts', import.meta.url));

const seenSchema = z.object({ rules: z.string() });

describe('systemd-restrict', function () {
  this.timeout(60_000);

  it('keeps a group in which nothing runs yet while another lab makes its own', async () => {
    const { rules } = seenSchema.parse(JSON.parse(await runInLab(null, PROGRAM)));
    assert.match(rules, /socket cgroupv2 level [12] "killswitch-lab-[0-9a-f]{12}"/);
  });
});
