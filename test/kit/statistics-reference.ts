/** The stored output of SciPy and R; each file carries the command that made it. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';

const number = z.number();
const numbers = z.array(number);
const table = z.tuple([number, number, number, number]);
const maybe = number.nullable();

const scipySchema = z.object({
  command: z.string(),
  clopperPearson: z.array(
    z.object({ successes: number, trials: number, confidence: number, low: number, high: number, upper: number }),
  ),
  fisher: z.array(z.object({ table, p: number })),
  mannWhitney: z.array(
    z.object({
      xs: numbers,
      ys: numbers,
      u: number,
      'two-sided': number,
      less: number,
      greater: number,
      cliffsDelta: number,
    }),
  ),
  kolmogorov: z.array(z.object({ values: numbers, low: number, high: number, d: number, p: number })),
  bootstrap: z.array(
    z.object({ p: number, values: numbers, estimate: number, low: number, high: number, error: number }),
  ),
  equivalence: z.array(z.object({ a: number, n: number, b: number, m: number, margin: number, p: number })),
  location: z.array(z.object({ xs: numbers, ys: numbers, margin: number, p: number })),
});

const maybes = z.array(maybe);
const rSchema = z.object({
  command: z.string(),
  survival: z.array(
    z.object({
      time: numbers,
      censored: z.array(z.boolean()),
      steps: z.object({
        time: numbers,
        atRisk: numbers,
        events: numbers,
        survival: numbers,
        low: maybes,
        high: maybes,
      }),
      median: maybe,
      medianLow: maybe,
      medianHigh: maybe,
    }),
  ),
  fisher: z.array(z.object({ table, p: number })),
  clopperPearson: z.array(z.object({ successes: number, trials: number, low: number, high: number })),
  holm: z.array(z.object({ p: numbers, adjusted: numbers })),
  mantel: z.array(z.object({ strata: z.array(table), p: number })),
  elteren: z.array(z.object({ strata: z.array(z.object({ fresh: numbers, old: numbers })), p: number })),
  quantiles: z.array(z.object({ values: numbers, p: number, quantile: number })),
});

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../data/statistics/${name}`, import.meta.url), 'utf8'));

export const scipy = scipySchema.parse(read('scipy.json'));
export const r = rSchema.parse(read('r.json'));
