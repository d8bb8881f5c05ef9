/** The part of jstat 1.9 that the analysis uses; the package ships no types. */
declare module 'jstat' {
  interface ContinuousDistribution {
    pdf(x: number, ...parameters: number[]): number;
    cdf(x: number, ...parameters: number[]): number;
    inv(p: number, ...parameters: number[]): number;
  }
  const jstat: {
    readonly beta: ContinuousDistribution;
    readonly normal: ContinuousDistribution;
    readonly studentt: ContinuousDistribution;
    /** Natural logarithm of the number of ways to choose k of n. */
    combinationln(n: number, k: number): number;
    readonly hypgeom: { pdf(k: number, population: number, successes: number, draws: number): number };
  };
  export default jstat;
}
