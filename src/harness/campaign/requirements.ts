/**
 * What a scenario requires, under `mustNotLeak`: that a kill switch does not leak, or that in some cells nothing reaches
 * so far. Which cells are meant is settled when they are planned, so that whoever reads the results compares names alone.
 */
import { RequestError } from '../../contracts/errors.ts';
import { parseReferences } from '../../contracts/reference.ts';
import { faultByReference } from '../../faults/index.ts';
import { killSwitchByReference } from '../../killswitches/index.ts';
import { FORBIDDEN, type Forbidden } from '../../records/findings.ts';
import { namesOf, type CellNames, type ParsedReference } from '../../records/identity.ts';
import { cellsWithArms, withArms, type Planned } from './arms.ts';
import { KINDS, LISTS, SPOKEN, meaningOf, type Pattern } from './cell-names.ts';

export interface Complaint {
  /** Place of what is wrong, from the top of the scenario. */
  readonly where: (string | number)[];
  /** Value, what is allowed and the next step. */
  readonly message: string;
}

/** Cells that have all the names given, and how far nothing in them may reach. */
type Limit = Pattern & { readonly reach?: string | undefined };

export interface Required extends Planned {
  readonly mustNotLeak: readonly (string | Limit)[];
}

/** The scenario's kill switches that must not leak, as they stand in its cells. */
export function requiredSwitches(scenario: Required): string[] {
  const { killSwitches } = withArms(scenario);
  const named = scenario.mustNotLeak.filter((entry) => typeof entry === 'string');
  return killSwitches.filter((each) => named.some((entry) => isMeant('killSwitch', entry, each)));
}

/** The cells that have a limit, with the one that forbids most. */
export function limitedCells(
  { mustNotLeak }: Pick<Required, 'mustNotLeak'>,
  cells: readonly CellNames[],
): (CellNames & { reach: Forbidden })[] {
  const limits = mustNotLeak.filter((entry) => typeof entry !== 'string');
  return cells.flatMap((cell) => {
    const forbidden = limits.flatMap((limit) => (isAbout(limit, cell) ? (reachOf(limit) ?? []) : []));
    const reach = FORBIDDEN.findLast((each) => forbidden.includes(each));
    return reach === undefined ? [] : [{ ...namesOf(cell), reach }];
  });
}

/** Reach that is left out: any third party's. */
const ANY_THIRD_PARTY: Forbidden = 'service';

/** The reach that is forbidden; null for a word that is none. */
function reachOf({ reach = ANY_THIRD_PARTY }: Limit): Forbidden | null {
  return FORBIDDEN.find((each) => each === reach) ?? null;
}

const isAbout = (limit: Limit, cell: CellNames): boolean =>
  KINDS.every((kind) => limit[kind] === undefined || isMeant(kind, limit[kind], cell[kind]));

/** Whether an entry's name is about a cell's: a kill switch or fault without parameters is about it with any. */
function isMeant(kind: keyof CellNames, entry: string, name: string): boolean {
  if (kind !== 'killSwitch' && kind !== 'fault') return meaningOf(kind, entry) === meaningOf(kind, name);
  const parse = (text: string): readonly ParsedReference[] =>
    kind === 'fault' ? [faultByReference(text).parsed] : killSwitchByReference(text).parsed;
  try {
    const [required, has] = [parse(entry), parse(name)];
    const open = parseReferences(entry).map(({ parameters }) => Object.keys(parameters).length === 0);
    return (
      required.length === has.length &&
      required.every(
        ({ id, parameters }, at) =>
          id === has[at]?.id &&
          (open[at] === true || JSON.stringify(parameters) === JSON.stringify(has[at].parameters)),
      )
    );
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return entry === name;
  }
}

/** Entries that require nothing: of names that the scenario lacks, of cells that it does not plan, of no known reach. */
export function unrequired(scenario: Required): Complaint[] {
  const names = withArms(scenario);
  const complaintOf = (where: Complaint['where'], kind: keyof CellNames, entry: string): Complaint[] => {
    const own = names[LISTS[kind]];
    if (own.some((each) => isMeant(kind, entry, each))) return [];
    const message =
      `«${entry}» is no ${SPOKEN[kind]} of this scenario, so that nothing would be required; ` +
      `allowed: ${own.join(', ')}. Write one of these, or add it to «${LISTS[kind]}»`;
    return [{ where, message }];
  };
  return scenario.mustNotLeak.flatMap((entry, at) => {
    const where = ['mustNotLeak', at];
    if (typeof entry === 'string') return complaintOf(where, 'killSwitch', entry);
    const wrong = KINDS.flatMap((kind) =>
      entry[kind] === undefined ? [] : complaintOf([...where, kind], kind, entry[kind]),
    );
    const unknown = reachOf(entry) === null ? [reachComplaint([...where, 'reach'], entry.reach ?? '')] : [];
    const all = [...wrong, ...unknown];
    return all.length === 0 && !isPlanned(scenario, entry) ? [unplanned(where, entry)] : all;
  });
}

function reachComplaint(where: Complaint['where'], reach: string): Complaint {
  const message = `«${reach}» is no reach; allowed, worst first: ${FORBIDDEN.join(', ')}. Each forbids what is worse, too`;
  return { where, message };
}

/** Whether a cell has all the names. Where names of the scenario itself are not known, the plan says so. */
function isPlanned(scenario: Required, limit: Limit): boolean {
  try {
    return cellsWithArms(scenario).some((cell) => isAbout(limit, cell));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return true;
  }
}

function unplanned(where: Complaint['where'], limit: Limit): Complaint {
  const named = KINDS.flatMap((kind) => limit[kind] ?? []).map((name) => `«${name}»`);
  const message =
    `no cell is planned that has ${named.join(' and ')}, so that nothing would be required: ` +
    'leave one of the names out, or take the cell out of «exclude»';
  return { where, message };
}
