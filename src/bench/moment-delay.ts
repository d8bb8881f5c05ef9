/**
 * Benchmark of moments: from a protocol event, as the instrument saw it, to the injection it asks for. One lab at a time,
 * since what is asked is how long the way through the trial's own processes is.
 */
import { restrict } from '../harness/campaign/plan.ts';
import { loadScenario } from '../harness/campaign/scenario.ts';
import type { Scenario } from '../harness/campaign/scenario.ts';
import type { Bench } from './bench.ts';
import { benchRow, type BenchRow } from './row.ts';
import { runTrials, trialNeeds } from './trials.ts';
import { NS_PER_MS } from '../records/units.ts';

/** Events that come within seconds of steady state with every seed. */
const EVENTS = ['piece', 'get_peers', 'handshake'];
const TRIALS = 5;
const WINDOWS = { outage: 0.5, recovery: 0.5 };
const LIMIT_MS = 2;

const MOMENTS = EVENTS.map((event) => `event ${event} 1`);

export const momentsBench: Bench = { needs: async () => trialNeeds(await scenario()), measure };

async function scenario(): Promise<Scenario> {
  const narrowed = restrict(await loadScenario('quickstart'), {
    clients: ['qbittorrent'],
    killSwitches: ['none'],
    trials: TRIALS,
  });
  return { ...narrowed, placebo: false, moments: MOMENTS, observe: { ...narrowed.observe, ...WINDOWS } };
}

async function measure(): Promise<readonly BenchRow[]> {
  const records = await runTrials(await scenario(), 1);
  return MOMENTS.map((moment) => {
    const delays = records.flatMap(({ cell, momentAchievedNs }) =>
      cell.moment === moment && momentAchievedNs !== null ? [momentAchievedNs / NS_PER_MS] : [],
    );
    return benchRow(`moment «${moment}»: event to injection`, 'ms', delays, { name: 'limit', value: LIMIT_MS });
  });
}
