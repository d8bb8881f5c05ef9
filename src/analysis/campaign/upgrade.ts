/**
 * Brings records of an older version to the present one, a version at a time. The only place that knows old shapes.
 */

/** `UPGRADES[v]` turns a record of version v into one of version v + 1. Version 1 is the first there is. */
const UPGRADES: Readonly<Record<number, (record: object) => object>> = {};

/** The record at version `to`, or null when a step from its version is not known. */
export function upgraded(record: object, from: number, to: number): object | null {
  let current = record;
  for (let version = from; version < to; version++) {
    const step = UPGRADES[version];
    if (step === undefined) return null;
    current = step(current);
  }
  return current;
}
