/**
 * Names of cells as scenarios write them. Two names are the same when they are parsed to the same, however they are
 * written: `app-kill` and `app-kill(poll=2s)`.
 */
import { RequestError } from '../../contracts/errors.ts';
import { faultByReference } from '../../faults/index.ts';
import { killSwitchByReference } from '../../killswitches/index.ts';
import { parseMoment } from '../trial/moments.ts';
import type { CellNames } from '../../records/identity.ts';

/** Lists of names whose product are the cells. */
export interface Names {
  readonly clients: readonly string[];
  readonly killSwitches: readonly string[];
  readonly faults: readonly string[];
  readonly moments: readonly string[];
}

/** Some names of a cell: it is about every cell that has them. */
export type Pattern = { readonly [K in keyof CellNames]?: string | undefined };

export const LISTS = { client: 'clients', killSwitch: 'killSwitches', fault: 'faults', moment: 'moments' } as const;
export const KINDS: readonly (keyof CellNames)[] = ['client', 'killSwitch', 'fault', 'moment'];
export const SPOKEN: Readonly<Record<keyof CellNames, string>> = {
  client: 'client',
  killSwitch: 'kill switch',
  fault: 'fault',
  moment: 'moment',
};

const PARSED: Readonly<Record<keyof CellNames, (name: string) => unknown>> = {
  client: (name) => name.trim(),
  killSwitch: (name) => killSwitchByReference(name).parsed,
  fault: (name) => faultByReference(name).parsed,
  moment: parseMoment,
};

/** Text that is one for names parsed to the same; a name that cannot be parsed, which the plan refuses, is its own. */
export function meaningOf(kind: keyof CellNames, name: string): string {
  try {
    return JSON.stringify(PARSED[kind](name));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return name.trim();
  }
}

/** Whether a list of names has one that means the same. */
export function hasName(kind: keyof CellNames, names: readonly string[], name: string): boolean {
  return names.some((each) => meaningOf(kind, each) === meaningOf(kind, name));
}

/** Whether the pattern is about the cell: every name it gives must be the cell's. */
export function matches(pattern: Pattern, cell: CellNames): boolean {
  return KINDS.every((kind) => {
    const name = pattern[kind];
    return name === undefined || meaningOf(kind, name) === meaningOf(kind, cell[kind]);
  });
}

/** Names given a second time, by their place in the list. */
export function namedTwice(kind: keyof CellNames, names: readonly string[]): { at: number; message: string }[] {
  const meanings = names.map((name) => meaningOf(kind, name));
  return names.flatMap((name, at) => {
    const first = names[meanings.indexOf(meanings[at] ?? '')] ?? name;
    if (meanings.indexOf(meanings[at] ?? '') === at) return [];
    const same = first === name ? 'is named twice' : `is the same as «${first}», which is named already`;
    return [{ at, message: `«${name}» ${same}; every ${SPOKEN[kind]} may be named once: take one of them out` }];
  });
}
