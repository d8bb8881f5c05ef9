/**
 * `concurrency`: the same plan twice, one lab at a time, then side by side, and whether the two measured the same. Run
 * again, it goes on with what is sealed.
 */
import path from 'node:path';
import { makeBelow, makeResults, writeInto } from '../../analysis/campaign/campaign-folder.ts';
import { EXIT } from '../../contracts/errors.ts';
import { compareConcurrency, concurrencyText } from '../../harness/campaign/concurrency.ts';
import { fixedPace } from '../../harness/campaign/pace.ts';
import type { Asked } from './asked.ts';
import { runAndDerive } from './campaign.ts';
import { withLab } from './lab.ts';
import { sayInterrupted } from './stop.ts';

export async function concurrency(asked: Asked): Promise<number> {
  return withLab(asked, async (execution) => {
    const { run, pace, options, say } = execution;
    await makeResults(run.folder);
    const one = await makeBelow(run.folder, ['one-at-a-time']);
    const many = await makeBelow(run.folder, ['side-by-side']);
    for (const [folder, each] of [
      [one, fixedPace(1)],
      [many, pace],
    ] as const) {
      say(`${path.basename(folder)}: ${each.jobs} labs`);
      const { interrupted } = await runAndDerive({ ...execution, run: { ...run, folder }, pace: each });
      if (interrupted) return sayInterrupted(`${run.scenario.name} --out ${run.folder}`);
    }
    const cells = await compareConcurrency(one, many);
    const text = JSON.stringify({ jobs: pace.jobs, cells }, null, 2);
    await writeInto(run.folder, ['concurrency.json'], `${text}\n`);
    console.log(options.json ? JSON.stringify(cells, null, 2) : concurrencyText(cells, pace.jobs));
    if (cells.every(({ equivalent }) => equivalent)) return EXIT.done;
    return cells.some(({ p }) => p === null) ? EXIT.cannotRun : EXIT.leaked;
  });
}
