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

export interface Reference {
  readonly id: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What kill switches and faults have in common here. */
interface Named {
  readonly id: string;
  readonly parameters: z.ZodType;
}

const MEMBER = /^([a-z0-9][a-z0-9-]*)(?:\(([^()]*)\))?$/;
const PAIR = /^([a-zA-Z][\w-]*)=([^\s=,]+)$/;

/** The members of a reference, in order. Throws `RequestError` that shows the form. */
export function parseReferences(text: string): readonly Reference[] {
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

/** The parameters a reference gives, parsed. Throws `RequestError` that names parameter, value and what is allowed. */
export function parseParameters(kind: string, plugin: Named, reference: Reference): unknown {
  const parsed = plugin.parameters.safeParse(reference.parameters);
  if (parsed.success) return parsed.data;
  const allowed = plugin.parameters instanceof z.ZodObject ? Object.keys(plugin.parameters.shape) : [];
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return `unknown parameter ${issue.keys.map((key) => `«${key}»`).join(', ')}`;
    }
    const key = String(issue.path[0] ?? '');
    if (key === '') return issue.message;
    return `parameter «${key}», value «${reference.parameters[key] ?? '(none)'}»: ${issue.message}`;
  });
  throw new RequestError(
    `The ${kind} «${reference.id}»: ${problems.join('; ')}. ` +
      (allowed.length === 0 ? 'It takes no parameters.' : `It takes: ${allowed.join(', ')}.`),
  );
}

// ------------------------------------------------------------------------------------------- parameters plugins can take

export const noParameters = z.strictObject({});
export type NoParameters = z.infer<typeof noParameters>;

/** A duration such as `2s`, in seconds, more than zero. */
export const seconds = z.string().transform((text, context) => {
  const value = parseSeconds(text);
  if (value !== null && value > 0) return value;
  context.addIssue({ code: 'custom', message: `must be a duration above zero: ${DURATION_HINT}` });
  return z.NEVER;
});

/** A whole number from `least` to `most`. */
export const wholeNumber = (least: number, most: number): z.ZodType<number> =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    context.addIssue({ code: 'custom', message: `must be a whole number from ${least} to ${most}` });
    return z.NEVER;
  });
