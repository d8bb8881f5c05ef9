/**
 * Chooses the trials that get a picture in the report: a few that stand for their cell, so that a campaign of thousands
 * of trials still makes a file that opens at once. Any other can be drawn with `npm run figures`.
 */
import { grouped } from '../summary/cells.ts';
import type { TrialRow } from '../summary/rows.ts';
import { cellKey } from '../../records/identity.ts';

/** Pictures of a large campaign's report, about 20 kB each. */
const MOST = 60;
/** Most trials of a campaign of which every one has its picture. */
const ALL_UP_TO = 150;

/** Trial ids, the most typical of each cell first, then its worst, then one that stayed open. */
export function representatives(rows: readonly TrialRow[], most = MOST): Set<string> {
  if (rows.length <= ALL_UP_TO) return new Set(rows.map(({ trial }) => trial));
  const rounds: string[][] = [[], [], []];
  for (const own of grouped(rows, ({ cell }) => cellKey(cell)).values()) {
    choose(own).forEach((row, round) => {
      if (row !== undefined) rounds[round]?.push(row.trial);
    });
  }
  return new Set([...new Set(rounds.flat())].slice(0, most));
}

function choose(rows: readonly TrialRow[]): readonly (TrialRow | undefined)[] {
  const size = (row: TrialRow): number => row.measured?.gapSeconds ?? 0;
  const judged = rows.filter(({ verdict }) => verdict === 'leak' || verdict === 'no-leak');
  const leaks = judged.filter(({ verdict }) => verdict === 'leak');
  const usual = leaks.length * 2 >= judged.length ? leaks : judged.filter(({ verdict }) => verdict === 'no-leak');
  const bySize = [...usual].sort((a, b) => size(a) - size(b));
  const worst = [...leaks].sort((a, b) => size(b) - size(a))[0];
  const open = rows.find(
    ({ verdict, faultBracketSeconds }) => verdict === 'inconclusive' && faultBracketSeconds !== null,
  );
  return [bySize[Math.floor((bySize.length - 1) / 2)], worst, open];
}
