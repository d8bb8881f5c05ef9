/** `npm run bench`: every figure asked of the project, measured beside its peer or limit in one run. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { BENCHES } from '../bench/index.ts';
import type { BenchRow } from '../bench/row.ts';
import { say } from '../bench/say.ts';
import { RequestError, EXIT } from '../contracts/errors.ts';
import { provide } from '../harness/labs/provision.ts';
import { parseArguments } from './arguments.ts';

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
  const asked = Object.entries(BENCHES).filter(([name]) => chosen.includes(name));
  // Before the first is measured: an installation beside a measurement would be measured with it.
  await provide((await Promise.all(asked.map(([, bench]) => bench.needs()))).flat(), say);
  const rows: BenchRow[] = [];
  for (const [name, bench] of asked) {
    say(`measuring ${name}`);
    const measured = await bench.measure();
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
