/** An agreement for a person: a table, and what may be concluded from it. */
import Table from 'cli-table3';
import type { Agreement, CellAgreement, Side } from './compare.ts';

const CONFIDENT = 0.05;

export function agreementText({ names, margin, cells, leakEquivalenceP }: Agreement): string {
  const [one, two] = names;
  const table = new Table({
    head: ['cell', `leaked: ${one}`, two, `median gap s: ${one}`, two, 'p of a gap difference', 'differs'],
    style: { head: [], border: [] },
  });
  for (const cell of cells) table.push(row(cell));
  const differing = cells.filter((cell) => cell.differs.length > 0);
  const close = cells.filter((cell) => cell.gapEquivalenceP !== null && cell.gapEquivalenceP < CONFIDENT);
  const gaps = cells.filter((cell) => cell.gapEquivalenceP !== null);
  return [
    table.toString(),
    differing.length === 0
      ? `- In none of ${cells.length} cells do verdicts or gaps differ (Fisher, Mann-Whitney; adjusted by Holm).`
      : `- ${differing.map((cell) => `${cell.cell}: ${cell.differs.join(' and ')} differ`).join('; ')}.`,
    leakEquivalenceP === null
      ? '- No trial was judged on one of the two: nothing is said of leak probabilities.'
      : `- That leak probabilities differ by ${margin.leakProbability} or more is ` +
        `${leakEquivalenceP < CONFIDENT ? 'refuted' : 'not refuted'} (p = ${figure(leakEquivalenceP)}, all cells together).`,
    `- That gaps differ by ${margin.gapSeconds} s or more is refuted in ${close.length} of the ${gaps.length} cells ` +
      'in which both leaked; in the others the trials are too few, or the gaps do differ. A gap that was open at the ' +
      'end of the outage counts as the outage.',
  ].join('\n');
}

function row({ cell, sides: [a, b], gapP, differs }: CellAgreement): string[] {
  const leaked = (side: Side): string =>
    `${side.leaked} of ${side.judged}${side.notJudged === 0 ? '' : ` (${side.notJudged} not judged)`}`;
  const gap = (side: Side): string => (side.medianGapSeconds === null ? '-' : figure(side.medianGapSeconds));
  return [cell, leaked(a), leaked(b), gap(a), gap(b), gapP === null ? '-' : figure(gapP), differs.join(', ') || '-'];
}

const figure = (value: number): string => (value < 0.001 ? '<0.001' : value.toPrecision(2));
