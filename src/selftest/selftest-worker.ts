/**
 * The process of one trial of the self-test: as an ordinary trial's (harness/trial/worker.ts), with leaks planted in every phase and, where
 * asked for, an instrument sabotaged. Leaves `planted.json` in the trial's folder.
 */
import * as z from 'zod';
import { writeInto } from '../analysis/campaign/campaign-folder.ts';
import { Clock } from '../contracts/clock.ts';
import { openNetnsLab } from '../harness/labs/netns.ts';
import type { Phase } from '../records/vocabulary.ts';
import { runTrial } from '../harness/trial/trial.ts';
import { trialTaskSchema } from '../harness/trial/protocol.ts';
import { serveTrials } from '../harness/trial/serve-trials.ts';
import { Planter } from './planter.ts';
import { SABOTAGES, sabotaged } from './sabotage.ts';

/** The leaks are planted once the trial has come to a stage of these. */
const PHASE_OF_STAGE: Readonly<Record<string, Phase>> = {
  'waiting for the moment': 'baseline',
  outage: 'gap',
  recovery: 'recovery',
};

const taskSchema = trialTaskSchema.extend({ sabotage: z.string().nullable() });

serveTrials(taskSchema, async ({ sabotage: id, spec }, onStage) => {
  const sabotage = SABOTAGES.find((each) => each.id === id) ?? null;
  const clock = new Clock();
  let planter: Planter | null = null;
  let onSabotaged: (stage: string) => void = () => undefined;
  const record = await runTrial(spec, {
    openLab: async () => {
      const lab = await openNetnsLab(clock);
      planter = await Planter.open(lab);
      if (sabotage === null) return lab;
      const bad = sabotaged(lab, sabotage);
      onSabotaged = bad.stage;
      return bad.lab;
    },
    clock,
    onStage: (stage) => {
      const phase = PHASE_OF_STAGE[stage];
      if (phase !== undefined) planter?.plant(phase);
      onSabotaged(stage);
      onStage(stage);
    },
    signal: new AbortController().signal,
  });
  await writeInto(spec.folder, ['planted.json'], JSON.stringify(await plantedBy(planter)) + '\n');
  return { record, again: false };
});

async function plantedBy(planter: Planter | null): Promise<Planter['planted']> {
  await planter?.finished();
  return planter?.planted ?? [];
}
