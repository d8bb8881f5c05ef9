/**
 * A campaign's trials come down to its summary: a pure function of the rows and the manifest.
 */
import { CONTROL, PLACEBO, cellKey, isPlacebo, type CellNames } from '../../records/identity.ts';
import type { Manifest } from '../../records/manifest.ts';
import type { Problem } from '../campaign/problems.ts';
import { CONFIDENCE } from '../statistics/binomial.ts';
import { confidenceOf, statedRule } from '../statistics/sequential.ts';
import { controlOf, grouped, summariseCell } from './cells.ts';
import { causesOf } from './cause.ts';
import { compareArms } from './comparisons.ts';
import { conclusionsOf } from './conclusions.ts';
import { expiryBySoftware } from './expiry.ts';
import { handOutSurvival } from './hand-outs.ts';
import { pollingDelays } from './polling.ts';
import { requirementsOf } from './requirements.ts';
import type { TrialRow } from './rows.ts';
import { SUMMARY_VERSION, type CellSummary, type Summary } from './schema.ts';

/**
 * The trials for what is asked of several cells at once: all, or where results decided how many each cell has, those up
 * to its first look, whose number no result has chosen.
 */
export function unselectedRows({ scenario }: Manifest, rows: readonly TrialRow[]): readonly TrialRow[] {
  const first = scenario.sequential?.looks[0];
  return first === undefined ? rows : rows.filter(({ repetition }) => repetition < first);
}

/** Whether the arm without a kill switch shares the cell's tunnel, so that it can be its control. */
export function isControlled(
  { scenario }: Pick<Manifest, 'scenario'>,
  { killSwitch }: Pick<CellNames, 'killSwitch'>,
): boolean {
  return scenario.uncontrolled?.includes(killSwitch) !== true;
}

/** Summarises `rows`; cells come in the manifest's order, then any others in the order met. */
export function summarise(manifest: Manifest, rows: readonly TrialRow[], problems: readonly Problem[]): Summary {
  const { scenario, seed } = manifest;
  const rule = scenario.sequential;
  const unselected = unselectedRows(manifest, rows);
  const byCell = grouped(rows, (row) => cellKey(row.cell));
  const planned = new Map<string, CellNames>(scenario.cells.map((cell) => [cellKey(cell), cell]));
  for (const { cell } of rows) if (!planned.has(cellKey(cell))) planned.set(cellKey(cell), cell);

  const rowsOf = (cell: CellNames): readonly TrialRow[] => byCell.get(cellKey(cell)) ?? [];
  const noneOf = (cell: CellNames): readonly TrialRow[] =>
    isControlled(manifest, cell) ? rowsOf({ ...cell, killSwitch: CONTROL }) : [];
  const controls = new Map([...planned.values()].map((cell) => [cellKey(cell), controlOf(noneOf(cell))]));
  const arms = [...planned.values()].map((cell) => ({
    cell,
    rows: rowsOf(cell),
    control: controls.get(cellKey(cell)) ?? ('absent' as const),
  }));

  const causes = causesOf(
    arms.map(({ cell, rows: own }) => ({
      cell,
      rows: unselectedRows(manifest, own),
      placebo: unselectedRows(manifest, rowsOf({ ...cell, fault: PLACEBO })),
    })),
  );
  const cells = arms.map(({ cell, rows: own, control }, index) =>
    summariseCell(cell, own, { control, cause: causes[index] ?? null, rule }),
  );
  const compared = arms
    .filter(({ cell }) => cell.killSwitch !== CONTROL && !isPlacebo(cell))
    .map((arm) => ({
      ...arm,
      rows: unselectedRows(manifest, arm.rows),
      none: unselectedRows(manifest, noneOf(arm.cell)),
    }));
  const expiry = expiryBySoftware(unselected);
  const facts = {
    trials: totals(manifest, cells, rows),
    cells,
    ...(rule && { sequential: { ...rule, lookConfidence: confidenceOf(rule), rule: statedRule(rule) } }),
    polling: pollingDelays(unselected),
    handOuts: handOutSurvival(unselected),
    ...(expiry.length === 0 ? {} : { expiry }),
    ...requirementsOf(scenario, cells, rowsOf),
    problems: problems.map((problem) => ({ ...problem, places: [...problem.places] })),
  };
  return {
    version: SUMMARY_VERSION,
    campaign: manifest.campaign,
    startedAt: manifest.startedAt,
    scenario: { name: scenario.name, title: scenario.title, hypothesis: scenario.hypothesis },
    seed,
    confidence: CONFIDENCE,
    conclusions: conclusionsOf(facts),
    comparisons: compareArms(compared),
    ...facts,
  };
}

function totals(manifest: Manifest, cells: readonly CellSummary[], rows: readonly TrialRow[]): Summary['trials'] {
  const sum = (count: (cell: CellSummary) => number): number => cells.reduce((all, cell) => all + count(cell), 0);
  const leak = sum(({ verdicts }) => verdicts.leak);
  const noLeak = sum(({ verdicts }) => verdicts.noLeak);
  return {
    planned: manifest.scenario.cells.length * manifest.scenario.trialsPerCell,
    recorded: sum((cell) => cell.trials),
    repeats: rows.filter(({ attempt }) => attempt > 0).length,
    judged: leak + noLeak,
    leak,
    noLeak,
    inconclusive: sum(({ verdicts }) => verdicts.inconclusive),
    unsupported: sum(({ verdicts }) => verdicts.unsupported),
  };
}
