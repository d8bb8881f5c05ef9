/** Fisher's exact test for two proportions: valid at any number of trials. Does not say how large the difference is. */
import jstat from 'jstat';

/** Factor within which a table's probability counts as equal to the observed one's, as in R's fisher.test. */
const TIE = 1 + 1e-7;

/** Two-sided p of the table [[a, b], [c, d]] (rows: two samples; columns: yes, no). 1 where a margin is empty. */
export function fisherExact(a: number, b: number, c: number, d: number): number {
  for (const cell of [a, b, c, d]) {
    if (!Number.isInteger(cell) || cell < 0) throw new RangeError(`${cell} is no count: use whole numbers from 0`);
  }
  const first = a + b;
  const yes = a + c;
  const all = first + c + d;
  if (first === 0 || first === all || yes === 0 || yes === all) return 1;
  const observed = jstat.hypgeom.pdf(a, all, yes, first);
  let p = 0;
  for (let k = Math.max(0, first + yes - all); k <= Math.min(first, yes); k++) {
    const probability = jstat.hypgeom.pdf(k, all, yes, first);
    if (probability <= observed * TIE) p += probability;
  }
  return Math.min(1, p);
}
