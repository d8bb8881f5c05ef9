/** A trial's process as the harness sees it, played by programs that do what a trial's process should not. */
import assert from 'node:assert/strict';
import { trialSpecSchema } from '../../src/harness/plan.ts';
import { TrialProcess } from '../../src/harness/trial-process.ts';

const SPEC = trialSpecSchema.parse({
  trial: '0001',
  folder: '/nonexistent',
  cell: { client: 'qbittorrent', killSwitch: 'none', fault: 'link-down', moment: 'delay 1s' },
  repetition: 0,
  attempt: 0,
  repeats: null,
  seed: 1,
  order: ['switch', 'tunnel', 'client'],
  observe: { steady: 1, outage: 1, recovery: 1 },
  features: { dht: 'on', pex: 'on', lsd: 'on', portMapping: 'on', utp: 'on', encryption: 'default' },
  torrent: { trackers: ['http'], magnet: false, interval: 600 },
  marked: false,
});

async function outcomeOf(program: string, limitSeconds?: number): Promise<unknown> {
  const argv = [process.execPath, '-e', program] as const;
  const { signal } = new AbortController();
  const task = { spec: SPEC, containers: null };
  return (await new TrialProcess(argv).run(task, () => undefined, signal, limitSeconds))?.outcome;
}

describe('the process of a trial', () => {
  it('is killed when it has no record in time, and its record says where it was', async () => {
    const stuck = "process.send({ type: 'stage', stage: 'fault' }); setInterval(() => undefined, 1000)";
    assert.deepEqual(await outcomeOf(stuck, 1), {
      status: 'failed',
      stage: 'fault',
      reason: 'the trial had not ended after 1 s and was killed',
    });
  });

  it('that dies leaves a record with its last words', async () => {
    const outcome = await outcomeOf("console.error('the last words'); process.exit(3)");
    assert.deepEqual(outcome, {
      status: 'failed',
      stage: 'process',
      reason: "the trial's process ended with exit code 3: the last words",
    });
  });
});
