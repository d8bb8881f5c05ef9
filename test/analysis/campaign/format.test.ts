import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { COLUMNS } from '../../../src/analysis/exports/columns.ts';
import { summarySchema } from '../../../src/analysis/summary/schema.ts';
import { manifestSchema } from '../../../src/records/manifest.ts';
import { sessionRecordSchema } from '../../../src/records/session.ts';
import { timelineEventSchema } from '../../../src/records/timeline.ts';
import { trialRecordSchema } from '../../../src/records/trial-record.ts';
import { CLEAR_CLASSES, HOUSEKEEPING_CLASSES, PARTIES } from '../../../src/records/vocabulary.ts';

const format = readFileSync(new URL('../../../results/FORMAT.md', import.meta.url), 'utf8');
/** Every word in code style, split at dots: `scenario.name` is `scenario` and `name`. */
const described = new Set(
  [...format.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code!.split(/[.,\s{}[\]]+/)).filter((word) => word !== ''),
);

/** Names of every field of a JSON Schema, however deep. */
function fieldsOf(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(fieldsOf);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties'
      ? [
          ...Object.keys(z.record(z.string(), z.unknown()).parse(value)),
          ...Object.values(z.record(z.string(), z.unknown()).parse(value)).flatMap(fieldsOf),
        ]
      : fieldsOf(value),
  );
}

describe('results/FORMAT.md', () => {
  const schemas = {
    'manifest.json': manifestSchema,
    'sessions.jsonl': sessionRecordSchema,
    'trials.jsonl': trialRecordSchema,
    'timeline.jsonl': timelineEventSchema,
    'summary.json': summarySchema,
  };
  for (const [name, schema] of Object.entries(schemas)) {
    it(`describes every field of ${name}`, () => {
      const fields = new Set(fieldsOf(z.toJSONSchema(schema, { io: 'input' })));
      assert.ok(fields.size > 5);
      assert.deepEqual(
        [...fields].filter((field) => !described.has(field)),
        [],
      );
    });
  }

  it('describes every kind of event, class and party', () => {
    const kinds = timelineEventSchema.options.map((option) => option.shape.kind.value);
    assert.deepEqual(
      [...kinds, ...CLEAR_CLASSES, ...HOUSEKEEPING_CLASSES, ...PARTIES].filter((name) => !described.has(name)),
      [],
    );
  });

  it('describes every column of the tables', () => {
    const own = COLUMNS.map(({ name }) => name).filter((name) => !/^(?:packets|exposed) /.test(name));
    const fields = new Set([...described, ...[...described].map((name) => name.replace(/Ns$/, 'Seconds'))]);
    const known = (name: string): boolean => fields.has(name) || name === 'knockPackets';
    assert.deepEqual(
      own.filter((name) => !known(name)),
      [],
    );
  });
});
