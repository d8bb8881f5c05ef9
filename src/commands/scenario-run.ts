/** What a run of a scenario is of: a new campaign, or one that was interrupted. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { inProject } from '../contracts/places.ts';
import { RequestError } from '../contracts/errors.ts';
import { restrict } from '../harness/campaign/plan.ts';
import { readManifest } from '../analysis/campaign/read-campaign.ts';
import type { Manifest } from '../records/manifest.ts';
import { listScenarios, loadScenario, parseScenario, type Scenario } from '../harness/campaign/scenario.ts';
import type { ScenarioOptions } from './scenario-options.ts';

/** A scenario with what the command line made of it, and where its campaign goes. */
export interface Run {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly folder: string;
  readonly startedAt: string;
  /** Manifest of the campaign that goes on; null for a new one. */
  readonly manifest: Manifest | null;
}

/** A new campaign. Throws `RequestError` where there is nothing to run, or one is there already. */
export async function freshRun(name: string | undefined, options: ScenarioOptions): Promise<Run> {
  if (name === undefined) {
    const known = (await listScenarios()).map((scenario) => scenario.name);
    throw new RequestError(`Which scenario? Known: ${known.join(', ')}. For example: npm run scenario quickstart`);
  }
  const scenario = restrict(await loadScenario(name), {
    ...(options.client && { clients: options.client }),
    ...(options.switch && { killSwitches: options.switch }),
    ...(options.fault && { faults: options.fault }),
    ...(options.trials !== undefined && { trials: options.trials }),
    ...(options.horizon !== undefined && { horizon: options.horizon }),
    ...(options.every !== undefined && { every: options.every }),
  });
  const startedAt = new Date().toISOString();
  const stamp = startedAt.slice(0, 19).replace(/[:]/g, '').replace('T', '-');
  const folder = path.resolve(options.out ?? inProject('results', `${scenario.name}-${stamp}`));
  refuseExisting(folder);
  return { scenario, seed: options.seed, folder, startedAt, manifest: null };
}

/** Throws `RequestError` where a new campaign would go into the folder of another. */
export function refuseExisting(folder: string): void {
  if (existsSync(path.join(folder, 'trials.jsonl'))) {
    throw new RequestError(
      `${folder} holds a campaign already. To go on with it: --resume ${folder}; for a new one give another --out.`,
    );
  }
}

/** A campaign's own manifest says what it was to be; the command line cannot change it half-way. */
export async function resumedRun(folder: string, options: ScenarioOptions): Promise<Run> {
  const fixed = ['client', 'switch', 'fault', 'trials', 'horizon', 'every', 'out'] as const;
  const given = fixed.filter((option) => options[option] !== undefined);
  if (given.length > 0) {
    throw new RequestError(`--resume goes on with the plan as it was: leave out --${given.join(', --')}.`);
  }
  const manifest = await readManifest(folder);
  const { scenario: asRun } = manifest;
  const unique = (names: readonly string[]): string[] => [...new Set(names)];
  const asWritten = parseScenario(asRun.name, asRun.source, 'manifest.json');
  const scenario = restrict(
    { ...asWritten, folder: path.resolve(folder, asRun.folder ?? '.') },
    {
      clients: unique(asRun.cells.map((cell) => cell.client)),
      killSwitches: unique(asRun.cells.map((cell) => cell.killSwitch)),
      faults: unique(asRun.cells.map((cell) => cell.fault)),
      trials: asRun.trialsPerCell,
      ...asRun.retrieval,
    },
  );
  return { scenario, seed: manifest.seed, folder: path.resolve(folder), startedAt: manifest.startedAt, manifest };
}
