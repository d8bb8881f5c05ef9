/**
 * The floors of src/, top to bottom. A file may import its own room, and every room of a floor below it. Rooms that share
 * a floor do not know each other: a client knows no kill switch, a probe no fault. Nothing imports upwards.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ['cli.ts'],
  ['commands'],
  ['bench', 'selftest'],
  ['harness/campaign'],
  ['harness/trial'],
  ['harness/labs', 'clients', 'killswitches', 'faults', 'probes', 'analysis'],
  ['programs'],
  ['contracts'],
  ['records'],
];
