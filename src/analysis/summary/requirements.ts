/** What a scenario required, held against what its cells came to. */
import { isForbidden, type Forbidden } from '../../records/findings.ts';
import { cellKey, namesOf, type CellNames } from '../../records/identity.ts';
import type { Manifest } from '../../records/manifest.ts';
import { judged } from './cells.ts';
import { STAGES } from './reach.ts';
import type { TrialRow } from './rows.ts';
import type { CellSummary, Summary } from './schema.ts';

type Requirements = Pick<Manifest['scenario'], 'mustNotLeak' | 'mustNotReach'>;
type Held = Pick<Summary, 'violations' | 'unjudged'>;

/** Cells that did what they must not, in any phase, and those of which nothing can be said. */
export function requirementsOf(
  { mustNotLeak, mustNotReach = [] }: Requirements,
  cells: readonly CellSummary[],
  rowsOf: (cell: CellNames) => readonly TrialRow[],
): Held {
  const limits = new Map(mustNotReach.map((limit) => [cellKey(limit), limit.reach]));
  const held = cells.flatMap((cell) => {
    const reach = limits.get(cellKey(cell));
    return [
      ...(mustNotLeak.includes(cell.killSwitch) ? [leaksOf(cell)] : []),
      ...(reach === undefined ? [] : [reachedIn(cell, rowsOf(cell), reach)]),
    ];
  });
  return {
    violations: held.filter(({ leaks }) => leaks > 0),
    unjudged: held.filter(({ leaks, judged: trials }) => leaks === 0 && trials === 0).map(unjudgedOf),
  };
}

function unjudgedOf({ reach, ...cell }: Held['violations'][number]): Held['unjudged'][number] {
  return { ...namesOf(cell), ...(reach !== undefined && { reach }) };
}

/** Trials that leaked in the outage, or told a third party the address in any phase. */
function leaksOf(cell: CellSummary): Held['violations'][number] {
  const { verdicts, found } = cell;
  const told = Math.max(0, ...(found?.learnt ?? []).map(({ trials }) => trials));
  const leaks = Math.max(verdicts.leak, told);
  const trials = verdicts.leak + verdicts.noLeak;
  return { ...namesOf(cell), leaks, judged: leaks > 0 ? Math.max(trials, found?.trials ?? 0) : trials };
}

/**
 * Trials in which something reached as far as is forbidden. One that broke off or is in doubt counts where something did;
 * that nothing did is only said of one that was judged before the fault and in the outage.
 */
function reachedIn(cell: CellSummary, rows: readonly TrialRow[], forbidden: Forbidden): Held['violations'][number] {
  const reached = (row: TrialRow): boolean =>
    STAGES.some((stage) => {
      const reach = row.found?.reach[stage] ?? 'none';
      return isForbidden(reach, forbidden);
    });
  const sound = (row: TrialRow): boolean =>
    judged([row]).length > 0 &&
    [row.found?.reach.before, row.found?.reach.outage].every((reach) => typeof reach === 'string');
  return {
    ...namesOf(cell),
    reach: forbidden,
    leaks: rows.filter(reached).length,
    judged: rows.filter((row) => reached(row) || sound(row)).length,
  };
}
