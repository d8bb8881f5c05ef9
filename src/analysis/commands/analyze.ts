/** `npm run analyze <campaign>`: recomputes everything derived from a campaign's records. Needs no lab. */
import { Command } from 'commander';
import { z } from 'zod';
import { deriveCampaign } from '../campaign/derive.ts';
import { parseArguments } from './arguments.ts';

const optionsSchema = z.object({ json: z.boolean().default(false) });

/** Exit code 0 when done, 2 when the campaign could not be read. */
export async function analyzeCommand(argv: readonly string[]): Promise<number> {
  const command = new Command('analyze')
    .description('recomputes summary, tables, figures and report of a campaign from its records')
    .argument('<campaign>', 'folder written by `npm run scenario`')
    .option('--json', 'print the summary as JSON instead of the conclusions');
  const stop = parseArguments(command, argv);
  if (stop !== null) return stop;
  const [folder = ''] = command.args;
  const { json } = optionsSchema.parse(command.opts());
  const summary = await deriveCampaign(folder);
  const text = json ? JSON.stringify(summary, null, 2) : summary.conclusions.map((one) => one.text).join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
}
