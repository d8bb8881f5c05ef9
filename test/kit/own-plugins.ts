/**
 * Plugins as the programs on labs find them: in the catalogue, or among what a file of anybody's exports. An object cannot
 * be handed to another process, its file's name can.
 */
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import type { Fault, PlannedFault } from '../../src/contracts/fault.ts';
import type { KillSwitch, PlannedSwitch } from '../../src/contracts/kill-switch.ts';
import { parseReferences, type WrittenReference } from '../../src/contracts/reference.ts';
import { faultByReference } from '../../src/faults/index.ts';
import { killSwitchByReference } from '../../src/killswitches/index.ts';

const exportsSchema = z.looseObject({});
const ofCatalogue = z.looseObject({ id: z.string(), plan: z.instanceof(Function) });
const killSwitchSchema = z.custom<KillSwitch>((value) => ofCatalogue.safeParse(value).data?.['claims'] !== undefined);
const faultSchema = z.custom<Fault>((value) => ofCatalogue.safeParse(value).data?.['happens'] !== undefined);

/** The kill switch of that reference: of the catalogue, or exported by `file`, where one is named. */
export async function switchOf(reference: string, file: string): Promise<PlannedSwitch> {
  if (file === '') return killSwitchByReference(reference);
  const { plugin, parameters } = await exported('kill switch', killSwitchSchema, reference, file);
  return plugin.plan(parameters);
}

/** The fault of that reference: of the catalogue, or exported by `file`, where one is named. */
export async function faultOf(reference: string, file: string): Promise<PlannedFault> {
  if (file === '') return faultByReference(reference);
  const { plugin, parameters } = await exported('fault', faultSchema, reference, file);
  return plugin.plan(parameters);
}

async function exported<T extends KillSwitch | Fault>(
  kind: string,
  schema: z.ZodType<T>,
  reference: string,
  file: string,
): Promise<{ readonly plugin: T; readonly parameters: WrittenReference['parameters'] }> {
  const [named] = parseReferences(reference);
  const all = Object.values(exportsSchema.parse(await import(pathToFileURL(file).href)));
  const plugins = all.flatMap((value) => schema.safeParse(value).data ?? []);
  const plugin = plugins.find(({ id }) => id === named?.id);
  if (named === undefined || plugin === undefined) {
    const ids = plugins.map(({ id }) => `«${id}»`).join(', ') || 'none';
    throw new Error(`${file} exports no ${kind} «${reference}», but ${ids}: export it under any name`);
  }
  return { plugin, parameters: named.parameters };
}
