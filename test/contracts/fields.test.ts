import assert from 'node:assert/strict';
import * as z from 'zod';
import { fieldsOf } from '../../src/contracts/fields.ts';

describe('the fields a schema allows', () => {
  const schema = z
    .strictObject({
      plain: z.string(),
      filled: z.strictObject({ a: z.string(), b: z.string() }).prefault({ a: '', b: '' }),
      list: z.array(z.strictObject({ c: z.string() })).default([]),
      named: z.record(z.string(), z.strictObject({ d: z.string() })).optional(),
      either: z.union([z.string(), z.strictObject({ e: z.string() }).refine(() => true)]),
    })
    .refine(() => true)
    .transform((value) => value);

  it('are those of the object at the place, whatever is wrapped around it', () => {
    assert.deepEqual(fieldsOf(schema), ['plain', 'filled', 'list', 'named', 'either']);
    assert.deepEqual(fieldsOf(schema, ['filled']), ['a', 'b']);
    assert.deepEqual(fieldsOf(schema, ['list', 3]), ['c']);
    assert.deepEqual(fieldsOf(schema, ['named', 'anything']), ['d']);
    assert.deepEqual(fieldsOf(schema, ['either']), ['e']);
  });

  it('are none where no object can stand', () => {
    for (const place of [['plain'], ['plain', 'deeper'], ['list'], ['unknown'], ['unknown', 0]]) {
      assert.deepEqual(fieldsOf(schema, place), []);
    }
  });
});
