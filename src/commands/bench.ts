/** `npm run bench`: every figure asked of the project, measured beside its peer or limit in one run. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { campaignBench } from '../bench/campaign-cost.ts';
import { classificationBench } from '../bench/classification.ts';
import { derivationBench } from '../bench/derivation.ts';
import { dockerBench } from '../bench/container-labs.ts';
import { labBench } from '../bench/lab.ts';
import { listingBench } from '../bench/listing.ts';
import { momentsBench } from '../bench/moment-delay.ts';
import type { BenchRow } from '../bench/row.ts';
import { RequestError, EXIT } from '../contracts/errors.ts';
import { parseArguments } from './arguments.ts';

const BENCHES: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  listing: listingBench,
  lab: labBench,
  moments: momentsBench,
  docker: dockerBench,
  classification: classificationBench,
  derivation: derivationBench,
  campaign: campaignBench,
};

export async function benchCommand(argv: readonly string[]): Promise<number> {
  const known = Object.keys(BENCHES).join(', ');
  const program = new Command('npm run bench --')
    .description('measures speed and memory of the lab, each figure beside its peer or limit')
    .argument('[benches...]', `which: ${known} (default: all)`)
    .option('--json', 'print rows as JSON', false);
  const stop = parseArguments(program, argv);
  if (stop !== null) return stop;
  const chosen = program.args.length > 0 ? program.args : Object.keys(BENCHES);
  const { json } = program.opts<{ json: boolean }>();
  const unknown = chosen.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) throw new RequestError(`No bench «${unknown}». Known: ${known}.`);
  const rows: BenchRow[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (!chosen.includes(name)) continue;
    process.stderr.write(`killswitch-lab: measuring ${name}\n`);
    const measured = await bench();
    // A bench takes minutes: its figures are shown when they are there, not when all are.
    if (!json) console.log(asTable(measured));
    rows.push(...measured);
  }
  if (json) console.log(JSON.stringify(rows, null, 2));
  return EXIT.done;
}

function asTable(rows: readonly BenchRow[]): string {
  const table = new Table({
    head: ['what', 'unit', 'n', 'median', 'min', 'max', 'against', 'ratio'],
    style: { head: [], border: [] },
  });
  const figure = (value: number): string => value.toPrecision(3);
  for (const { name, unit, n, median, min, max, peer, ratio } of rows) {
    table.push([name, unit, n, figure(median), figure(min), figure(max), peer, figure(ratio)]);
  }
  return table.toString();
}
