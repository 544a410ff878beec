/** What a command's input takes at a dotted path, read from the command's own declaration. */
import { z } from 'zod';
import type { Shape } from '../../domain/kernel/values.ts';

/** How a cell is to be turned for a field: `day` is a LocalDate, `other` an object or list that dots lead into. */
export type FieldKind = 'text' | 'number' | 'boolean' | 'day' | 'instant' | 'other';

export type Field = {
  readonly kind: FieldKind;
  readonly schema: z.ZodType;
  /** The category of the record whose id it takes. */
  readonly ref?: string;
};

/** For values that no field takes: keys, and the time of a step. */
export const textField: Field = { kind: 'text', schema: z.string() };
export const instantField: Field = { kind: 'instant', schema: z.string() };

/** The field at a path, or what is wrong with the path. */
export function fieldAt(shape: Shape, path: readonly string[]): Field | { readonly wrong: string } {
  let schema: z.ZodType = z.object(shape);
  for (const [depth, part] of path.entries()) {
    const inner = innermost(schema).schema;
    const within = depth === 0 ? 'its input' : path.slice(0, depth).join('.');
    if (inner instanceof z.ZodObject) {
      const next: unknown = inner.shape[part];
      if (!(next instanceof z.ZodType))
        return {
          wrong: `there is no field ${part} in ${within}; it has ${Object.keys(inner.shape).join(', ')}`,
        };
      schema = next;
    } else if (inner instanceof z.ZodArray) {
      if (!/^\d{1,2}$/.test(part))
        return { wrong: `${within} is a list; write ${within}.0 for its first item` };
      schema = inner.element as z.ZodType;
    } else return { wrong: `${within} has no parts; leave .${part} out` };
  }
  const { schema: inner, title, ref } = innermost(schema);
  return { kind: kindOf(inner, title), schema, ...(ref !== undefined && { ref }) };
}

/** What an object takes; nothing for any other field. */
export function partsOf({ schema }: Field): Shape {
  const inner = innermost(schema).schema;
  return inner instanceof z.ZodObject ? inner.shape : {};
}

/** Through optional, default, pipe and the like, with the names met on the way. */
function innermost(schema: z.ZodType): { schema: z.ZodType; title?: string; ref?: string } {
  const { title, ref } = schema.meta() ?? {};
  const named = { ...(typeof title === 'string' && { title }), ...(typeof ref === 'string' && { ref }) };
  if (schema instanceof z.ZodObject || schema instanceof z.ZodArray) return { schema, ...named };
  const inner = schema instanceof z.ZodPipe ? schema.in : (schema as { unwrap?: () => unknown }).unwrap?.();
  return inner instanceof z.ZodType ? { ...innermost(inner), ...named } : { schema, ...named };
}

function kindOf(schema: z.ZodType, title: string | undefined): FieldKind {
  if (title === 'LocalDate') return 'day';
  if (title === 'Instant') return 'instant';
  switch (schema.def.type) {
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'string':
    case 'enum':
    case 'literal':
      return 'text';
    default:
      return 'other';
  }
}
