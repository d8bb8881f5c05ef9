/**
 * Whether two campaigns of one matrix agree, cell by cell: how often the cells leaked, and for how long. Used where only
 * the setting differed (two backends), so that a difference speaks of the setting. Does not say which of the two is right.
 */
import { cellKey } from '../../records/identity.ts';
import { readCampaign } from '../campaign/read-campaign.ts';
import { equivalentLocation, equivalentProportions } from '../statistics/equivalence.ts';
import { fisherExact } from '../statistics/fisher.ts';
import { holm } from '../statistics/holm.ts';
import { quantileOf, sorted } from '../statistics/quantiles.ts';
import { mannWhitney } from '../statistics/ranks.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

/** Differences that would change nobody's choice of kill switch: stated before any trial is run. */
const MARGIN = { leakProbability: 0.2, gapSeconds: 1 } as const;
const SIGNIFICANT = 0.05;

export interface Side {
  readonly judged: number;
  readonly leaked: number;
  readonly notJudged: number;
  /** Gaps of the trials that leaked; a lower bound where packets still left at the end of the outage. */
  readonly gapSeconds: readonly number[];
  readonly medianGapSeconds: number | null;
}

export interface CellAgreement {
  readonly cell: string;
  readonly sides: readonly [Side, Side];
  /** Fisher's exact test of the two leak counts, adjusted over the cells (Holm). */
  readonly leakP: number;
  /** Mann-Whitney of the two sets of gaps, adjusted over the cells; null where one is empty. */
  readonly gapP: number | null;
  /** p that the gaps differ by the margin or more; null where one is empty. */
  readonly gapEquivalenceP: number | null;
  readonly differs: readonly ('verdicts' | 'gaps')[];
}

export interface Agreement {
  readonly names: readonly [string, string];
  readonly margin: typeof MARGIN;
  readonly cells: readonly CellAgreement[];
  /** p that the leak probabilities over all judged trials differ by the margin or more. */
  readonly leakEquivalenceP: number | null;
}

/** Compares the campaigns in two folders; `names` are what they are called in the answer. */
export async function compareCampaigns(
  folders: readonly [string, string],
  names: readonly [string, string],
): Promise<Agreement> {
  const [first, second] = [await sidesOf(folders[0]), await sidesOf(folders[1])];
  const cells = [...new Set([...first.keys(), ...second.keys()])].map((cell) => {
    const sides = [first.get(cell) ?? NOTHING, second.get(cell) ?? NOTHING] as const;
    const [a, b] = sides;
    return {
      cell,
      sides,
      leakP: fisherExact(a.leaked, a.judged - a.leaked, b.leaked, b.judged - b.leaked),
      gapP: mannWhitney(a.gapSeconds, b.gapSeconds, 'two-sided')?.p ?? null,
      gapEquivalenceP: equivalentLocation(a.gapSeconds, b.gapSeconds, MARGIN.gapSeconds),
    };
  });
  const leakPs = holm(cells.map((cell) => cell.leakP));
  const withGaps = cells.filter((cell) => cell.gapP !== null);
  const gapPs = new Map(
    holm(withGaps.map((cell) => cell.gapP ?? 1)).map((p, at) => [withGaps[at]?.cell ?? '', p] as const),
  );
  const total = (sides: ReadonlyMap<string, Side>, part: (side: Side) => number): number =>
    [...sides.values()].reduce((sum, side) => sum + part(side), 0);
  return {
    names,
    margin: MARGIN,
    cells: cells.map((cell, at) => {
      const leakP = leakPs[at] ?? 1;
      const gapP = gapPs.get(cell.cell) ?? null;
      return {
        ...cell,
        leakP,
        gapP,
        differs: [
          ...(leakP < SIGNIFICANT ? (['verdicts'] as const) : []),
          ...(gapP !== null && gapP < SIGNIFICANT ? (['gaps'] as const) : []),
        ],
      };
    }),
    leakEquivalenceP: equivalentProportions(
      total(first, (side) => side.leaked),
      total(first, (side) => side.judged),
      total(second, (side) => side.leaked),
      total(second, (side) => side.judged),
      MARGIN.leakProbability,
    ),
  };
}

const NOTHING: Side = { judged: 0, leaked: 0, notJudged: 0, gapSeconds: [], medianGapSeconds: null };

async function sidesOf(folder: string): Promise<ReadonlyMap<string, Side>> {
  const campaign = await readCampaign(folder);
  const sides = new Map<string, Side>();
  for await (const { cell, measures } of campaign.trials()) {
    const name = cellKey(cell);
    const side = sides.get(name) ?? NOTHING;
    const leaked = measures?.verdict === 'leak';
    const judged = leaked || measures?.verdict === 'no-leak';
    const gap = leaked && measures.gapNs !== null ? [measures.gapNs / NS_PER_SECOND] : [];
    sides.set(name, {
      judged: side.judged + Number(judged),
      leaked: side.leaked + Number(leaked),
      notJudged: side.notJudged + Number(!judged),
      gapSeconds: [...side.gapSeconds, ...gap],
      medianGapSeconds: null,
    });
  }
  return new Map(
    [...sides].map(([name, side]) => [
      name,
      {
        ...side,
        medianGapSeconds: side.gapSeconds.length === 0 ? null : quantileOf(sorted(side.gapSeconds), 0.5),
      },
    ]),
  );
}
