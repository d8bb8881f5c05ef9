/**
 * Every kill switch against the `none` arm of the same client, fault and moment: the family of comparisons a scenario
 * declares by its cells. One Holm correction for each of the two questions. Compares no switch with another.
 */
import { namesOf, type CellNames } from '../../records/identity.ts';
import { fisherExact } from '../statistics/fisher.ts';
import { holm } from '../statistics/holm.ts';
import { cliffsDelta, mannWhitney } from '../statistics/ranks.ts';
import { judged, valuesOf } from './cells.ts';
import type { TrialRow } from './rows.ts';
import type { Comparison, Control } from './schema.ts';

/** Family-wise level at which a difference counts as shown. */
export const LEVEL = 0.05;

export interface Arm {
  readonly cell: CellNames;
  readonly rows: readonly TrialRow[];
  readonly none: readonly TrialRow[];
  readonly control: Control;
}

/** One comparison an arm, in the order given. */
export function compareArms(arms: readonly Arm[]): Comparison[] {
  const raw = arms.map((arm) => ({ arm, leak: leakTest(arm), clearPackets: packetTest(arm) }));
  const leakHolm = holm(raw.flatMap(({ leak }) => leak?.p ?? []));
  const packetsHolm = holm(raw.flatMap(({ clearPackets }) => clearPackets?.p ?? []));
  let leakIndex = 0;
  let packetIndex = 0;
  return raw.map(({ arm, leak, clearPackets }) => {
    const leakTested = leak === null ? null : { ...leak, pHolm: leakHolm[leakIndex++] ?? 1 };
    const packetsTested = clearPackets === null ? null : { ...clearPackets, pHolm: packetsHolm[packetIndex++] ?? 1 };
    return {
      ...namesOf(arm.cell),
      against: 'none',
      control: arm.control,
      leak: leakTested,
      clearPackets: packetsTested,
      outcome: outcomeOf(arm.control, leakTested),
    };
  });
}

/** Evidence rule 3: without a leaking `none` arm there is nothing to compare with. */
function outcomeOf(control: Control, leak: Comparison['leak']): Comparison['outcome'] {
  if (leak === null || control === 'silent' || control === 'absent') return 'inconclusive';
  if (leak.pHolm > LEVEL || leak.difference === 0) return 'no-difference-shown';
  return leak.difference < 0 ? 'fewer-leaks' : 'more-leaks';
}

function leakTest({ rows, none }: Arm): Omit<NonNullable<Comparison['leak']>, 'pHolm'> | null {
  const [leaks, n] = leaksOf(rows);
  const [noneLeaks, noneN] = leaksOf(none);
  if (n === 0 || noneN === 0) return null;
  return {
    p: fisherExact(leaks, n - leaks, noneLeaks, noneN - noneLeaks),
    difference: leaks / n - noneLeaks / noneN,
  };
}

function packetTest({ rows, none }: Arm): Omit<NonNullable<Comparison['clearPackets']>, 'pHolm'> | null {
  const packets = valuesOf(judged(rows), (row) => row.clearPackets);
  const nonePackets = valuesOf(judged(none), (row) => row.clearPackets);
  const test = mannWhitney(packets, nonePackets);
  const delta = cliffsDelta(packets, nonePackets);
  return test === null || delta === null ? null : { p: test.p, cliffsDelta: delta };
}

function leaksOf(rows: readonly TrialRow[]): readonly [leaks: number, judged: number] {
  const leaks = rows.filter((row) => row.verdict === 'leak').length;
  return [leaks, leaks + rows.filter((row) => row.verdict === 'no-leak').length];
}
