/**
 * How scenarios name kill switches and faults: `app-kill(poll=2s)`, `flap(period=4s)`, `client-bind+wg-quick-postup`.
 *
 *   combination = member { "+" member }          engaged in this order, disengaged in reverse
 *   member      = id [ "(" key "=" value { "," key "=" value } ")" ]
 *
 * Names and parameters are checked at plan time, so that a misspelt one costs no trial.
 */
import * as z from 'zod';
import { DURATION_HINT, parseSeconds } from './durations.ts';
import { RequestError } from './errors.ts';
import { fieldsOf } from './fields.ts';
import type { Parameters, ParsedReference } from '../records/identity.ts';

/** A member of a reference as it is written; parsing its parameters makes a `ParsedReference` of it. */
export interface WrittenReference {
  readonly id: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What kill switches and faults have in common here. */
interface Named<P = unknown> {
  readonly id: string;
  readonly parameters: z.ZodType<P>;
}

const MEMBER = /^([a-z0-9][a-z0-9-]*)(?:\(([^()]*)\))?$/;
const PAIR = /^([a-zA-Z][\w-]*)=([^\s=,]+)$/;

/** The members of a reference, in order. Throws `RequestError` that shows the form. */
export function parseReferences(text: string): readonly WrittenReference[] {
  const compact = text.replace(/\s+/g, '');
  return compact.split('+').map((member) => {
    const [, id, pairs = ''] = MEMBER.exec(member) ?? [];
    if (id === undefined) throw malformed(text, member);
    const parameters: Record<string, string> = {};
    for (const pair of pairs === '' ? [] : pairs.split(',')) {
      const [, key, value] = PAIR.exec(pair) ?? [];
      if (key === undefined || value === undefined) throw malformed(text, pair);
      if (key in parameters) throw new RequestError(`«${text}»: parameter «${key}» is given twice; give it once.`);
      parameters[key] = value;
    }
    return { id, parameters };
  });
}

function malformed(text: string, part: string): RequestError {
  return new RequestError(
    `«${text}»: «${part}» cannot be read. Write id, id(key=value,key=value), or several joined by + for kill switches.`,
  );
}

/** The plugin with that id. Throws `RequestError` with the known ids; `kind` is what a person calls it. */
export function lookUp<T extends Named>(kind: string, catalogue: readonly T[], id: string): T {
  const found = catalogue.find((each) => each.id === id);
  if (found !== undefined) return found;
  const known = catalogue.map((each) => each.id).join(', ');
  throw new RequestError(`There is no ${kind} «${id}». Known: ${known}.`);
}

/**
 * The parameters a plugin runs with: those given, as written or as parsed before, and its defaults. Throws `RequestError`
 * that names parameter, value and what is allowed.
 */
export function parseParameters<P extends Given>(kind: string, plugin: Named<P>, given: Parameters): Parsed<P> {
  const parsed = plugin.parameters.safeParse(given);
  if (parsed.success) {
    return { parameters: parsed.data, parsed: { id: plugin.id, parameters: defined(parsed.data) } };
  }
  const allowed = fieldsOf(plugin.parameters);
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return `unknown parameter ${issue.keys.map((key) => `«${key}»`).join(', ')}`;
    }
    const key = String(issue.path[0] ?? '');
    if (key === '') return issue.message;
    return `parameter «${key}», value «${given[key] ?? '(none)'}»: ${issue.message}`;
  });
  throw new RequestError(
    `The ${kind} «${plugin.id}»: ${problems.join('; ')}. ` +
      (allowed.length === 0 ? 'It takes no parameters.' : `It takes: ${allowed.join(', ')}.`),
  );
}

/** What parameters can be, left out or not. */
export type Given = Readonly<Record<string, string | number | undefined>>;

export interface Parsed<P> {
  readonly parameters: P;
  /** Parameters as data, for records. */
  readonly parsed: ParsedReference;
}

function defined(parameters: Given): Parameters {
  const entries = Object.entries(parameters).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  return z.record(z.string(), z.union([z.string(), z.number()])).parse(Object.fromEntries(entries));
}

// ------------------------------------------------------------------------------------------- parameters plugins can take

export const noParameters = z.strictObject({});

/** A duration such as `2s`, in seconds, more than zero. A number is one that was parsed before. */
export const seconds = z.union([z.string(), z.number()]).transform((given, context) => {
  const value = typeof given === 'number' ? given : parseSeconds(given);
  if (value !== null && value > 0) return value;
  context.addIssue({ code: 'custom', message: `must be a duration above zero: ${DURATION_HINT}` });
  return z.NEVER;
});

/** A whole number from `least` to `most`. */
export const wholeNumber = (least: number, most: number): z.ZodType<number> =>
  z.union([z.string(), z.number()]).transform((given, context) => {
    const value = Number(given);
    if (/^\d+$/.test(String(given)) && value >= least && value <= most) return value;
    context.addIssue({ code: 'custom', message: `must be a whole number from ${least} to ${most}` });
    return z.NEVER;
  });
