/** YAML files that people write, parsed against a schema: a wrong field is reported with file, line and what is allowed. */
import { LineCounter, isNode, parseDocument, type Document } from 'yaml';
import type * as z from 'zod';
import { RequestError, messageOf } from './errors.ts';
import { fieldsOf } from './fields.ts';

type Place = readonly (string | number)[];

/**
 * Parses a file's text; `file` is only named in errors. Throws `RequestError` with a line for each thing that
 * is wrong.
 */
export function parseYaml<T>(schema: z.ZodType<T>, source: string, file: string): T {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    throw new RequestError(`${file}:${lines.linePos(syntax.pos[0]).line}: not valid YAML: ${syntax.message}`);
  }
  const parsed = schema.safeParse(valueOf(document, file));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => {
    const where = issue.path.filter((step) => typeof step !== 'symbol');
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
    const line = lineOf(document, lines, [...where, ...unknown.slice(0, 1)]) ?? lineOf(document, lines, where) ?? 1;
    const field = [...where, ...unknown.slice(0, 1)].join('.') || 'the file';
    const allowed =
      unknown.length > 0 ? `not a field here; allowed: ${fieldsOf(schema, where).join(', ')}` : issue.message;
    return `${file}:${line}: ${field}: ${allowed}`;
  });
  throw new RequestError(issues.join('\n'));
}

/** Aliases that lead nowhere, or to too much, are found only when the value is built. */
function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new RequestError(`${file}: ${messageOf(error)}`);
  }
}

function lineOf(document: Document, lines: LineCounter, where: Place): number | null {
  const node: unknown = document.getIn(where, true);
  return isNode(node) && node.range ? lines.linePos(node.range[0]).line : null;
}
