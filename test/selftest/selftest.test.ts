/** The self-test of the detector in the real lab: every planted leak found, every failing detector and instrument caught. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { CLEAR_CLASSES } from '../../src/records/vocabulary.ts';

const BOOTSTRAP = fileURLToPath(new URL('../../bootstrap.mjs', import.meta.url));
const mutantSchema = z.object({ what: z.string(), caughtBy: z.string().nullable() });
const reportSchema = z.object({
  trials: z.array(z.object({ planted: z.number(), found: z.number(), faults: z.array(z.string()) })),
  mutants: z.array(mutantSchema),
  sabotages: z.array(mutantSchema),
  finder: z.object({ planted: z.number(), found: z.number(), faults: z.array(z.string()) }),
  passed: z.boolean(),
});

describe('the self-test of the detector', function () {
  this.timeout(240_000);
  let folder = '';
  let report: z.infer<typeof reportSchema>;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ksl-selftest-'));
    const args = [BOOTSTRAP, 'scenario', 'selftest', '--trials', '1', '--out', path.join(folder, 'run'), '--json'];
    const stdout = await new Promise<string>((resolve, reject) => {
      // A report comes with any status; without one the last words say why.
      execFile(process.execPath, args, { maxBuffer: 1 << 26 }, (error, printed, complaints) => {
        if (printed === '') reject(new Error(`the self-test reported nothing: ${error?.message ?? ''}\n${complaints}`));
        else resolve(printed);
      });
    });
    report = reportSchema.parse(JSON.parse(stdout));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('finds every leak of every class, family, kind of source and phase, and nothing else', () => {
    const [trial] = report.trials;
    assert.deepEqual(trial?.faults, []);
    // Twelve classes in two families from three kinds of source, and one frame that is not IP, in three phases.
    assert.equal(trial.found, (CLEAR_CLASSES.length * 2 * 3 + 1) * 3);
  });

  it('finds everything planted for the finder, with the addresses of the trial that was', () => {
    assert.deepEqual(report.finder.faults, []);
    assert.equal(report.finder.found, report.finder.planted);
  });

  it('catches every detector and every instrument that fails', () => {
    for (const { what, caughtBy } of [...report.mutants, ...report.sabotages]) assert.ok(caughtBy !== null, what);
    assert.ok(report.mutants.length >= 2 * CLEAR_CLASSES.length && report.sabotages.length > 0);
    assert.ok(report.passed);
  });
});
