/** `campaign`: the plan's trials are run, derived and shown. */
import path from 'node:path';
import type { Summary } from '../../analysis/summary/schema.ts';
import { EXIT } from '../../contracts/errors.ts';
import { runCampaign } from '../../harness/campaign/campaign.ts';
import { sweepContainers } from '../../harness/labs/docker/sweep-containers.ts';
import { trialSeconds } from '../../harness/trial/spec.ts';
import { openDashboard } from '../dashboard.ts';
import { finishing } from '../interruption.ts';
import { outputColumns } from '../text-table.ts';
import { ProgressView, everyone, summaryTable } from '../view.ts';
import type { Asked } from './asked.ts';
import { withLab, type Execution } from './lab.ts';
import { sayInterrupted } from './stop.ts';

export async function campaign(asked: Asked): Promise<number> {
  return withLab(asked, async (execution) => {
    const { run, options } = execution;
    const { summary, interrupted } = await runAndDerive(execution);
    console.log(options.json ? JSON.stringify(summary, null, 2) : summaryTable(summary, outputColumns()));
    if (!options.json) console.log(`\nReport: ${path.relative('', path.join(run.folder, 'report.html'))}`);
    if (interrupted) return sayInterrupted(`--resume ${run.folder}`);
    return exitCode(summary);
  });
}

/** Runs the campaign; gives what it came to, and whether somebody interrupted it. */
export async function runAndDerive(execution: Execution): Promise<{ summary: Summary; interrupted: boolean }> {
  const { run, plan, manifest, pace, images, options, say } = execution;
  const stop = finishing();
  const longest = Math.max(...plan.trials.map(trialSeconds));
  const view = new ProgressView(process.stderr, pace.jobs, longest);
  await using dashboard = options.watch ? await openDashboard(manifest, longest) : null;
  if (dashboard !== null) say(`watch it at ${dashboard.url}`);
  try {
    await runCampaign({
      folder: run.folder,
      manifest,
      trials: plan.trials,
      pace,
      containers: images,
      events: everyone(dashboard === null ? [view] : [view, dashboard]),
      signal: stop,
    });
  } finally {
    view.end();
    if (images !== null) await sweepContainers();
  }
  if (stop.aborted) process.stderr.write('killswitch-lab: interrupted; what is finished is being summarised\n');
  return { summary: await derive(run.folder), interrupted: stop.aborted };
}

/**
 * Derives everything, by code loaded when needed: it brings the figures' engine along, which --list and --dry-run need not wait for. (In a function
 * with `await using` the compiler would leave the name of the source file in place.)
 */
async function derive(folder: string): Promise<Summary> {
  const { deriveCampaign } = await import('../../analysis/campaign/derive.ts');
  return deriveCampaign(folder);
}

/** A campaign of which no trial came to a verdict, although none was declared impossible, has measured nothing. */
function exitCode({ trials, violations, unjudged, campaign }: Summary): number {
  if (violations.length > 0) return EXIT.leaked;
  if (unjudged.length > 0) {
    process.stderr.write(
      `killswitch-lab: ${unjudged.length} ${unjudged.length === 1 ? 'cell' : 'cells'} under «mustNotLeak» could not be judged: the reasons stand above.\n`,
    );
    return EXIT.cannotRun;
  }
  if (trials.judged > 0 || trials.inconclusive === 0) return EXIT.done;
  process.stderr.write(
    `killswitch-lab: ${campaign} measured nothing: every trial that was run is inconclusive; the reasons stand above.\n`,
  );
  return EXIT.cannotRun;
}
