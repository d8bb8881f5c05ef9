/** `npm run scenario <name|file.yaml>`: plan, provision, run, derive, show. */
import { describeSeconds } from '../contracts/durations.ts';
import { EXIT } from '../contracts/errors.ts';
import { roleOf } from '../harness/campaign/arms.ts';
import { AdaptivePace, fixedPace } from '../harness/campaign/pace.ts';
import { expectedSeconds, makePlan } from '../harness/campaign/plan.ts';
import { plannedFor } from '../harness/campaign/sample-size.ts';
import { listScenarios } from '../harness/campaign/scenario.ts';
import { clientCatalogue, clientsPage, faultCatalogue, switchCatalogue } from './catalogue.ts';
import { scaleOf, type Asked } from './kinds/asked.ts';
import { KINDS } from './kinds/index.ts';
import { layOut, outputColumns } from './text-table.ts';
import { parseOptions, type ScenarioOptions } from './scenario-options.ts';
import { freshRun, resumedRun } from './scenario-run.ts';

/** Runs the command; gives the exit code. */
export async function scenarioCommand(argv: readonly string[]): Promise<number> {
  const { name, options } = parseOptions(argv);
  if (options.list) {
    console.log(await listing(options));
    return EXIT.done;
  }
  const run = options.resume === undefined ? await freshRun(name, options) : await resumedRun(options.resume, options);
  const plan = makePlan(run.scenario, run.seed, run.manifest?.scenario.cells);
  const pace = options.jobs === 'auto' ? AdaptivePace.ofMachine() : fixedPace(options.jobs);
  if (options.planFor !== undefined) {
    console.log(plannedFor(plan, options.planFor, pace.jobs));
    return EXIT.done;
  }
  const say = (line: string): void => void process.stderr.write(`killswitch-lab: ${line}\n`);
  for (const each of plan.said) say(each);
  const asked: Asked = { options, run, plan, pace, say };
  if (options.dryRun) {
    for (const { trial, cell } of plan.trials) console.log(`${trial}${roleOf(cell)}`);
    const duration = describeSeconds(expectedSeconds(plan, pace.jobs));
    console.log(`${scaleOf(asked)}: ${plan.trials.length} trials, about ${duration}.`);
    return EXIT.done;
  }
  return KINDS[run.scenario.kind](asked);
}

async function listing({ clients, switches, faults, markdown }: ScenarioOptions): Promise<string> {
  const columns = outputColumns();
  if (clients === true && markdown === true) return clientsPage().trimEnd();
  if (clients === true) return layOut(await clientCatalogue(), columns);
  if (switches === true) return layOut(switchCatalogue(), columns);
  if (faults === true) return layOut(faultCatalogue(), columns);
  return (await listScenarios()).map(({ name, title }) => `${name.padEnd(20)} ${title}`).join('\n');
}
