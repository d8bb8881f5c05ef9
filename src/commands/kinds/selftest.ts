/** `selftest`: known leaks are planted in its trials, and the whole chain must find each of them and no other. */
import { EXIT } from '../../contracts/errors.ts';
import { runSelftest, selftestText } from '../../selftest/run.ts';
import type { Asked } from './asked.ts';
import { withLab } from './lab.ts';
import { finishing } from '../interruption.ts';

/** The self-test is to test the detector and not the machine. */
const MOST_JOBS = 4;

export async function selftest(asked: Asked): Promise<number> {
  return withLab(asked, async ({ run, plan, pace, options, say }) => {
    const jobs = Math.min(pace.jobs, MOST_JOBS);
    const report = await runSelftest({
      folder: run.folder,
      trials: plan.trials,
      jobs,
      say,
      signal: finishing(),
    });
    if (report === null) return EXIT.interrupted;
    console.log(options.json ? JSON.stringify(report, null, 2) : selftestText(report));
    if (report.passed) return EXIT.done;
    // A detector that was not put to the test is not shown to be unsound.
    return report.trials.every(({ verdict }) => verdict !== 'inconclusive') ? EXIT.leaked : EXIT.cannotRun;
  });
}
