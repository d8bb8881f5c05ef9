/**
 * Brings records of an older version to the present one, a version at a time. The only place that knows old shapes.
 */
import * as z from 'zod';
import { parseSeconds } from '../../contracts/durations.ts';
import { RequestError } from '../../contracts/errors.ts';
import { parseReferences, type WrittenReference } from '../../contracts/reference.ts';
import type { Parameters, ParsedReference } from '../../records/identity.ts';

/** `UPGRADES[v]` turns a record of version v into one of version v + 1. Version 1 is the first there is. */
const UPGRADES: Readonly<Record<number, (record: object) => object>> = { 1: withParsedReferences };

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

// ------------------------------------------------------------------------------------------ version 1: names as text only

const cellOf1 = z.looseObject({ killSwitch: z.string(), fault: z.string() });
const trialOf1 = z.looseObject({ cell: cellOf1 });
const manifestOf1 = z.looseObject({
  scenario: z.looseObject({ cells: z.array(cellOf1), mustNotLeak: z.array(z.string()) }),
});

/**
 * What the kill switches and faults of version 1 took for a parameter that was left out. These are facts about trials that
 * have been run: a default that is changed later does not change them.
 */
const DEFAULTS_OF_1: Readonly<Record<string, Parameters>> = {
  'app-kill': { poll: 2 },
  'app-block': { poll: 2 },
  firewalld: { recipe: 'policy', target: 'drop' },
  haugene: { v6: 'on' },
  mullvad: { lan: 'block' },
  'owner-match': { v6: 'off' },
  'persist-tun': { v6: 'on' },
  pia: { lan: 'allow', mode: 'auto' },
  'firewall-reload': { manager: 'nftables' },
  flap: { period: 4 },
  'iptables-flush': { policy: 'keep' },
  'mtu-blackhole': { mtu: 1280 },
  reconnect: { gap: 1 },
  roaming: { lease: 'new' },
  'specific-route': { to: 'tracker' },
  suspend: { asleep: 3 },
  'tunnel-restarted': { gap: 2 },
  'uplink-flap': { down: 2 },
};

/** Cells get their references parsed; `mustNotLeak` names the cells' own kill switches. What is neither stays as it is. */
function withParsedReferences(record: object): object {
  const trial = trialOf1.safeParse(record).data;
  if (trial !== undefined) return { ...trial, version: 2, cell: parsedCell(trial.cell) };
  const manifest = manifestOf1.safeParse(record).data;
  if (manifest === undefined) return { ...record, version: 2 };
  const { scenario } = manifest;
  const switches = [...new Set(scenario.cells.map(({ killSwitch }) => killSwitch))];
  // An entry without parameters meant the switch with any.
  const meant = (entry: string, killSwitch: string): boolean =>
    killSwitch === entry || killSwitch.startsWith(`${entry}(`);
  const mustNotLeak = switches.filter((each) => scenario.mustNotLeak.some((entry) => meant(entry, each)));
  return { ...manifest, version: 2, scenario: { ...scenario, cells: scenario.cells.map(parsedCell), mustNotLeak } };
}

/** The cell with its references parsed; as it is, for its schema to refuse, where they are none. */
function parsedCell(cell: z.infer<typeof cellOf1>): object {
  try {
    const killSwitch = parseReferences(cell.killSwitch).map(settled);
    const [fault] = parseReferences(cell.fault).map(settled);
    return { ...cell, parsed: { killSwitch, fault } };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return cell;
  }
}

/** Member with its values: in version 1 a parameter was a duration, a whole number or a word. */
function settled({ id, parameters }: WrittenReference): ParsedReference {
  const value = (text: string): string | number => parseSeconds(text) ?? (/^\d+$/.test(text) ? Number(text) : text);
  const given = Object.fromEntries(Object.entries(parameters).map(([key, text]) => [key, value(text)]));
  return { id, parameters: 'notice' in given ? given : { ...DEFAULTS_OF_1[id], ...given } };
}
