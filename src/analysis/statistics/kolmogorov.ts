/**
 * Kolmogorov-Smirnov: could these values have come from a fully stated continuous model? Says nothing about where they
 * differ, and with parameters fitted to the same data its p would be too large: state the model beforehand.
 */

export interface KolmogorovSmirnov {
  /** Largest distance between the empirical and the model's distribution function. */
  readonly d: number;
  /** Probability of a distance this large or larger, two-sided. */
  readonly p: number;
  readonly n: number;
}

/** Size n from which on the limiting distribution is used; below it the exact one, whose cost grows with n. */
const EXACT_BELOW = 200;

/** Tests `values` against the distribution function `model`; null without values. */
export function kolmogorovSmirnov(
  values: readonly number[],
  model: (value: number) => number,
): KolmogorovSmirnov | null {
  const n = values.length;
  if (n === 0) return null;
  let d = 0;
  [...values]
    .sort((a, b) => a - b)
    .forEach((value, index) => {
      const expected = model(value);
      d = Math.max(d, expected - index / n, (index + 1) / n - expected);
    });
  const p = n < EXACT_BELOW ? 1 - exactCdf(d, n) : limitingP(d * Math.sqrt(n));
  return { d, p: Math.min(1, Math.max(0, p)), n };
}

/** The uniform distribution function on [low, high]. */
export function uniformModel(low: number, high: number): (value: number) => number {
  return (value) => Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** The distribution function of the first of several independent times, each uniform on [0, one of `highs`]. */
export function firstOfUniforms(highs: readonly number[]): (value: number) => number {
  const models = highs.map((high) => uniformModel(0, high));
  const [only] = models;
  if (only !== undefined && models.length === 1) return only;
  return (value) => 1 - models.reduce((none, model) => none * (1 - model(value)), 1);
}

/** P(D > d) in the limit (Kolmogorov, 1933), with t = d sqrt(n). */
function limitingP(t: number): number {
  if (t < 0.2) return 1; // 1 - p is below 1e-12 there and the alternating series no longer converges.
  let p = 0;
  for (let k = 1; k <= 100; k++) {
    const term = 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * t * t);
    p += term;
    if (Math.abs(term) < 1e-16) break;
  }
  return p;
}

/** P(D < d) for n values (Marsaglia, Tsang and Wang, J. Stat. Software 8, 2003). */
function exactCdf(d: number, n: number): number {
  if (d >= 1) return 1;
  if (d <= 0) return 0;
  const k = Math.ceil(n * d);
  const m = 2 * k - 1;
  const h = k - n * d;
  const matrix = durbinMatrix(m, h);
  const { values, exponent } = power(matrix, m, n);
  let probability = values[(k - 1) * m + (k - 1)] ?? 0;
  let scale = exponent;
  for (let i = 1; i <= n; i++) {
    probability *= i / n;
    if (probability < 1e-140) {
      probability *= 1e140;
      scale -= 140;
    }
  }
  return probability * 10 ** scale;
}

function durbinMatrix(m: number, h: number): Float64Array {
  const matrix = new Float64Array(m * m);
  const subtract = (row: number, column: number, amount: number): void => {
    matrix[row * m + column] = (matrix[row * m + column] ?? 0) - amount;
  };
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) matrix[i * m + j] = i - j + 1 < 0 ? 0 : 1;
  for (let i = 0; i < m; i++) {
    subtract(i, 0, h ** (i + 1));
    subtract(m - 1, i, h ** (m - i));
  }
  if (2 * h - 1 > 0) matrix[(m - 1) * m] = (matrix[(m - 1) * m] ?? 0) + (2 * h - 1) ** m;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let factorial = 1;
      for (let g = 2; g <= i - j + 1; g++) factorial *= g;
      matrix[i * m + j] = (matrix[i * m + j] ?? 0) / factorial;
    }
  }
  return matrix;
}

interface Scaled {
  readonly values: Float64Array;
  /** The true values are `values` times ten to this. */
  readonly exponent: number;
}

/** `matrix` (m by m) to the n-th power, kept in range by powers of ten. */
function power(matrix: Float64Array, m: number, n: number): Scaled {
  if (n === 1) return { values: matrix, exponent: 0 };
  const half = power(matrix, m, Math.floor(n / 2));
  let values = product(half.values, half.values, m);
  let exponent = 2 * half.exponent;
  if (n % 2 === 1) values = product(matrix, values, m);
  const centre = Math.floor(m / 2);
  if ((values[centre * m + centre] ?? 0) > 1e140) {
    values = values.map((value) => value * 1e-140);
    exponent += 140;
  }
  return { values, exponent };
}

function product(a: Float64Array, b: Float64Array, m: number): Float64Array {
  const c = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < m; k++) sum += (a[i * m + k] ?? 0) * (b[k * m + j] ?? 0);
      c[i * m + j] = sum;
    }
  }
  return c;
}
