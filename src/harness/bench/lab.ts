/** Benchmark of the lab: opening, teardown, and the bracket of each fault, against the limits they are to keep. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { enterNamespaces } from '../labs/netns.ts';
import { benchRow, type BenchRow } from './row.ts';

const PROGRAM = fileURLToPath(new URL('./lab-program.js', import.meta.url));
const LABS = 15;
/** What a user waits for without noticing; a fault bracket far below a packet's travel through a home line. */
const LIMIT_SECONDS = { open: 0.5, close: 0.3, bracket: 0.0005 };
const FAULTS = ['link-down', 'daemon-killed', 'route-lost', 'server-blackhole'];

const timesSchema = z.object({
  openSeconds: z.number(),
  closeSeconds: z.number(),
  brackets: z.record(z.string(), z.array(z.number())),
});

export async function labBench(): Promise<readonly BenchRow[]> {
  const [program, ...args] = enterNamespaces([process.execPath, PROGRAM, ...FAULTS]);
  const runs: z.infer<typeof timesSchema>[] = [];
  for (let lab = 0; lab < LABS; lab++) {
    const { stdout } = await promisify(execFile)(program, args);
    runs.push(timesSchema.parse(JSON.parse(stdout)));
  }
  const limit = (value: number): { name: string; value: number } => ({ name: 'limit', value });
  return [
    benchRow(
      'lab: open to first packet through the tunnel',
      's',
      runs.map((run) => run.openSeconds),
      limit(LIMIT_SECONDS.open),
    ),
    benchRow(
      'lab: teardown',
      's',
      runs.map((run) => run.closeSeconds),
      limit(LIMIT_SECONDS.close),
    ),
    ...FAULTS.map((fault) =>
      benchRow(
        `fault bracket: ${fault}`,
        's',
        runs.flatMap((run) => run.brackets[fault] ?? []),
        limit(LIMIT_SECONDS.bracket),
      ),
    ),
  ];
}
