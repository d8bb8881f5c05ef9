import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { runInLab } from '../kit/lab-places.ts';

const PROGRAM = fileURLToPath(new URL('./restart-program.ts', import.meta.url));
const seenSchema = z.object({ reverted: z.string() });

describe('a tunnel that is taken down and does not come up again', function () {
  this.timeout(60_000);

  it('is told of by the reversal, which waits for it, and ends nothing before', async function () {
    if (process.getuid?.() !== 0) this.skip(); // network namespaces take root
    const { reverted } = seenSchema.parse(JSON.parse(await runInLab(null, PROGRAM)));
    assert.match(reverted, /wg-quick up/);
  });
});
