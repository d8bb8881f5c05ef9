/** Numbers as people read them, the same in every locale. No leak in n is never written as 0 %. */
import type { CellSummary } from './schema.ts';
import { NS_PER_SECOND, US_PER_SECOND } from '../../records/units.ts';

/** `18 %`, `0.12 %`, `100 %`: two significant digits below 10 %. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value > 99.9) return '> 99.9 %';
  if (value < 0.01) return '< 0.01 %';
  return `${value < 1 ? value.toFixed(2) : value < 10 || value > 99 ? value.toFixed(1) : value.toFixed(0)} %`;
}

/** `1.2 s`, `340 ms`, `2.5 min`. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  if (size < 0.000_01) return `${digits(seconds * NS_PER_SECOND)} ns`;
  if (size < 0.001) return `${digits(seconds * US_PER_SECOND)} µs`;
  if (size < 1) return `${digits(seconds * 1e3)} ms`;
  if (size < 120) return `${digits(seconds)} s`;
  return `${digits(seconds / 60)} min`;
}

/** Three significant digits, whole from 100 on. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return String(Math.round(value));
  return String(Number(value.toPrecision(size < 10 ? 2 : 3)));
}

/** Bytes in the decimal units of networks. */
export function bytes(value: number): string {
  if (value < 1_000) return `${Math.round(value)} B`;
  return value < 1_000_000 ? `${digits(value / 1_000)} kB` : `${digits(value / 1_000_000)} MB`;
}

/** `1.1 s (0.8 s to 1.5 s)`, or a dash where nothing was measured. */
export function interval(
  value: { readonly median: number; readonly low: number | null; readonly high: number | null } | null,
  format: (value: number) => string,
): string {
  if (value === null) return '–';
  if (value.low === null || value.high === null) return `${format(value.median)} (one value)`;
  return `${format(value.median)} (${format(value.low)} to ${format(value.high)})`;
}

/** A gap, marked as a lower bound where the median is one. */
export function gapWords(gap: CellSummary['gapSeconds']): string {
  if (gap === null) return '–';
  return `${gap.medianIsLowerBound ? 'at least ' : ''}${interval(gap, duration)}`;
}

/** The leak probability of a cell: estimate and interval, or the upper bound where nothing leaked. */
export function leakWords(cell: Pick<CellSummary, 'leakProbability' | 'leakUpperBound'>): string {
  if (cell.leakProbability === null) return '–';
  if (cell.leakUpperBound !== null) return `at most ${percent(cell.leakUpperBound)}`;
  const { estimate, low, high } = cell.leakProbability;
  return `${percent(estimate)} (${percent(low)} to ${percent(high)})`;
}

/** `1 trial`, `3 trials`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
