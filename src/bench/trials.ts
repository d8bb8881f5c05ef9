/** Runs a scenario for a benchmark: its records are kept in memory, its folder is gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { removeAtExit } from '../contracts/leaving.ts';
import { runCampaign } from '../harness/campaign/campaign.ts';
import { makeManifest } from '../harness/campaign/manifest.ts';
import { fixedPace } from '../harness/campaign/pace.ts';
import { makePlan } from '../harness/campaign/plan.ts';
import { TRIAL_NEEDS } from '../harness/trial/needs.ts';
import type { Need } from '../contracts/host.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import type { Scenario } from '../harness/campaign/scenario.ts';

const SEED = 1;

/** What the scenario's trials need, in labs in namespaces. */
export function trialNeeds(scenario: Scenario): readonly Need[] {
  return [...TRIAL_NEEDS, ...makePlan(scenario, SEED).needs];
}

/** The records of all the scenario's trials, in labs in namespaces, `jobs` of them side by side. */
export async function runTrials(scenario: Scenario, jobs: number): Promise<readonly TrialRecord[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ksl-bench-'));
  removeAtExit(folder);
  const startedAt = new Date().toISOString();
  const records: TrialRecord[] = [];
  try {
    const plan = makePlan(scenario, SEED);
    await runCampaign({
      folder,
      manifest: makeManifest({ scenario, seed: SEED, folder, startedAt }, plan, jobs, null),
      trials: plan.trials,
      pace: fixedPace(jobs),
      containers: null,
      events: {
        begun: () => undefined,
        trialStarted: () => undefined,
        trialStage: () => undefined,
        trialSealed: (record) => void records.push(record),
      },
      signal: new AbortController().signal,
    });
    return records;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
