/** What a schema stores, as JSON: fields, kinds, what may be missing or null, what is personal. Bounds are no part of it. */
import { z } from 'zod';

export type StoredShape = string | { readonly [field: string]: StoredShape } | readonly [StoredShape];

/** `{ "name (personal)": "string", "amount? | null": "Money", "tags?": ["string"] }` */
export const fieldsOf = (shape: z.ZodRawShape): StoredShape =>
  Object.fromEntries(
    Object.entries(shape).map(([field, schema]) => {
      const { inner, marks } = bare(schema as z.ZodType);
      return [field + marks, kindOf(inner)];
    }),
  );

function kindOf(schema: z.ZodType): StoredShape {
  if (schema instanceof z.ZodEnum) return schema.options.join(' | ');
  if (schema instanceof z.ZodArray) return [kindOf(schema.element as z.ZodType)];
  if (schema instanceof z.ZodObject && schema.meta()?.title !== 'Money') return fieldsOf(schema.shape);
  return schema.meta()?.title ?? schema.type;
}

/** A schema without its wrappers, and what they say. */
function bare(schema: z.ZodType): { inner: z.ZodType; marks: string } {
  const said = { optional: false, nullable: false, personal: false };
  let inner = schema;
  for (;;) {
    said.personal ||= inner.meta()?.personal === true;
    if (inner instanceof z.ZodOptional) said.optional = true;
    else if (inner instanceof z.ZodNullable) said.nullable = true;
    else if (!(inner instanceof z.ZodDefault)) break;
    inner = (inner as z.ZodOptional<z.ZodType>).unwrap();
  }
  const { optional, nullable, personal } = said;
  return {
    inner,
    marks: `${optional ? '?' : ''}${nullable ? ' | null' : ''}${personal ? ' (personal)' : ''}`,
  };
}
