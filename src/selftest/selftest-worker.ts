/**
 * The process of one trial of the self-test: as an ordinary trial's (worker.ts), with leaks planted in every phase and, where
 * asked for, an instrument sabotaged. Leaves `planted.json` in the trial's folder.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { Clock } from '../contracts/clock.ts';
import { openNetnsLab } from '../harness/labs/netns.ts';
import type { Phase } from '../records/vocabulary.ts';
import { runTrial } from '../harness/trial/trial.ts';
import { trialTaskSchema, type WorkerMessage } from '../harness/trial/protocol.ts';
import { Planter } from './planter.ts';
import { SABOTAGES, sabotaged } from './sabotage.ts';

/** The leaks are planted once the trial has come to a stage of these. */
const PHASE_OF_STAGE: Readonly<Record<string, Phase>> = {
  'waiting for the moment': 'baseline',
  outage: 'gap',
  recovery: 'recovery',
};

const taskSchema = trialTaskSchema.extend({ sabotage: z.string().nullable() });

function tell(message: WorkerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}

process.once('disconnect', () => process.exit(1));
process.once('message', (message) => {
  void (async () => {
    const { sabotage: id, spec } = taskSchema.parse(message);
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
        void tell({ type: 'stage', stage });
      },
      signal: new AbortController().signal,
    });
    await writeFile(path.join(spec.folder, 'planted.json'), JSON.stringify(await plantedBy(planter)) + '\n');
    await tell({ type: 'record', record, again: false });
    process.exit(0);
  })().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
});

async function plantedBy(planter: Planter | null): Promise<Planter['planted']> {
  await planter?.finished();
  return planter?.planted ?? [];
}
