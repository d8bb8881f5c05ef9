/**
 * `npm run regress <campaign>`: holds a campaign against the baseline. Exit code 0 held, 1 regressed, 2 could not judge.
 */
import { Command } from 'commander';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import type { Manifest } from '../records/manifest.ts';
import type { Baseline } from '../analysis/regress/baseline.ts';
import type { Sample } from '../analysis/regress/sample.ts';
import { EXIT, RequestError } from '../contracts/errors.ts';
import { terminalText } from '../contracts/media.ts';
import { parseArguments } from './arguments.ts';

/** What the gate says, as the exit codes of every command. */
const OUTCOME = { held: EXIT.done, regressed: EXIT.leaked, 'could-not-judge': EXIT.cannotRun } as const;

const optionsSchema = z.object({
  baseline: z.string(),
  junit: z.string().optional(),
  markdown: z.string().optional(),
  update: z.boolean().default(false),
  reason: z.string().optional(),
  json: z.boolean().default(false),
});

export async function regressCommand(argv: readonly string[]): Promise<number> {
  const command = new Command('npm run regress --')
    .description('holds a campaign against the baseline: exit 0 held, 1 regressed, 2 could not judge')
    .argument('<campaign>', 'folder written by `npm run scenario`')
    .option('--baseline <file>', 'the baseline to hold it against', join('results', 'baseline.json'))
    .option('--junit <file>', 'where to write JUnit XML (default: regress.junit.xml in the campaign)')
    .option('--markdown <file>', 'where to write Markdown (default: regress.md in the campaign)')
    .option('--update', 'make this campaign the baseline of its cells and say what changed; needs --reason')
    .option('--reason <text>', 'why the new numbers are right, kept with each entry')
    .option('--json', 'print every check as JSON instead of Markdown');
  const stop = parseArguments(command, argv);
  if (stop !== null) return stop;
  const [folder = ''] = command.args;
  return run(folder, optionsSchema.parse(command.opts()));
}

async function run(folder: string, options: z.infer<typeof optionsSchema>): Promise<number> {
  const { digestCampaign } = await import('../analysis/campaign/derive.ts');
  const { readBaseline } = await import('../analysis/regress/baseline.ts');
  const { judgeGate, samplesOf } = await import('../analysis/regress/gate.ts');
  const { campaign, unselected: rows } = await digestCampaign(folder);
  const baseline = await readBaseline(options.baseline);
  if (options.update) return update(options, campaign.manifest, samplesOf(campaign.manifest, rows), baseline);
  if (baseline === null) {
    throw new RequestError(
      `there is no baseline ${options.baseline}: write one with --update --reason "...", or name one with --baseline`,
    );
  }
  const result = judgeGate(campaign.manifest, rows, baseline);
  const { gateJunit } = await import('../analysis/regress/junit.ts');
  const { gateMarkdown } = await import('../analysis/regress/markdown.ts');
  const markdown = gateMarkdown(campaign.manifest.campaign, result);
  const { writeInto } = await import('../analysis/campaign/campaign-folder.ts');
  const write = (file: string, text: string): Promise<void> => writeInto(dirname(file), [basename(file)], text);
  await write(options.junit ?? join(folder, 'regress.junit.xml'), gateJunit(campaign.manifest.campaign, result));
  await write(options.markdown ?? join(folder, 'regress.md'), markdown);
  process.stdout.write(terminalText(options.json ? `${JSON.stringify(result, null, 2)}\n` : markdown));
  return OUTCOME[result.outcome];
}

async function update(
  options: z.infer<typeof optionsSchema>,
  manifest: Manifest,
  samples: ReadonlyMap<string, Sample>,
  known: Baseline | null,
): Promise<number> {
  const { updated, writeBaseline } = await import('../analysis/regress/baseline.ts');
  const { sampleWords } = await import('../analysis/regress/gate-words.ts');
  if (options.reason === undefined || options.reason.trim() === '') {
    throw new RequestError('--update needs --reason "why the new numbers are right"');
  }
  const { baseline, changes } = updated(known, manifest, samples, options.reason);
  await writeBaseline(options.baseline, baseline);
  for (const { cell, before, after } of changes) {
    const was = before === null ? 'new' : `was ${sampleWords(before)}`;
    process.stdout.write(terminalText(`${cell}: ${sampleWords(after)} (${was})\n`));
  }
  process.stdout.write(`${changes.length} entries of ${options.baseline} written\n`);
  return EXIT.done;
}
