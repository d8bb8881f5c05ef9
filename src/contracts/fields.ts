/** The fields a schema allows, read off the schema itself: what an error lists is what is parsed. */
import * as z from 'zod';

/** The fields that may stand at `where` below the schema's root; none where no object can be. */
export function fieldsOf(schema: z.core.$ZodType, where: readonly (string | number)[] = []): readonly string[] {
  const [step, ...rest] = where;
  return [...new Set(objectsIn(schema).flatMap((each) => inside(each, step, rest)))];
}

function inside(schema: z.core.$ZodType, step: string | number | undefined, rest: readonly (string | number)[]) {
  if (schema instanceof z.ZodObject) {
    if (step === undefined) return Object.keys(schema.shape);
    const field: unknown = schema.shape[step];
    return field instanceof z.ZodType ? fieldsOf(field, rest) : [];
  }
  const element =
    schema instanceof z.ZodArray ? schema.element : schema instanceof z.ZodRecord ? schema.valueType : null;
  return step === undefined || element === null ? [] : fieldsOf(element, rest);
}

/** The objects, lists and records that a schema is, whatever is wrapped around them. */
function objectsIn(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return objectsIn(schema.unwrap());
  }
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodReadonly) return objectsIn(schema.unwrap());
  if (schema instanceof z.ZodPipe) return objectsIn(schema.in);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(objectsIn);
  return [schema];
}
