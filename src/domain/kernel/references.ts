/** Finds the ids of other records in an input by their `Ref` declarations, so that no rule has to be written twice. */
import { z } from 'zod';
import type { Id, Shape } from './values.ts';

export type Reference = { readonly category: string; readonly id: Id; readonly path: string };

type Finder = (value: unknown, path: string, found: Reference[]) => void;

/** A function that lists the references in an input of this shape; made once for each command. */
export function referencesOf(shape: Shape): (input: unknown) => readonly Reference[] {
  const find = finder(z.object(shape));
  return input => {
    const found: Reference[] = [];
    find?.(input, '', found);
    return found;
  };
}

function finder(schema: z.ZodType): Finder | undefined {
  const category = schema.meta()?.ref;
  if (typeof category === 'string')
    return (value, path, found) => {
      if (typeof value === 'string') found.push({ category, id: value, path });
    };
  if (schema instanceof z.ZodObject) return objectFinder(schema);
  if (schema instanceof z.ZodArray) {
    const item = finder(schema.element as z.ZodType);
    return (
      item &&
      ((value, path, found) => {
        if (Array.isArray(value)) for (const [i, each] of value.entries()) item(each, join(path, i), found);
      })
    );
  }
  const inner = schema instanceof z.ZodPipe ? schema.in : (schema as { unwrap?: () => unknown }).unwrap?.();
  return inner instanceof z.ZodType ? finder(inner) : undefined;
}

function objectFinder(schema: z.ZodObject): Finder | undefined {
  const fields = Object.entries(schema.shape).flatMap(([field, type]): [string, Finder][] => {
    const find = finder(type as z.ZodType);
    return find ? [[field, find]] : [];
  });
  if (fields.length === 0) return undefined;
  return (value, path, found) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [field, find] of fields)
      find((value as Record<string, unknown>)[field], join(path, field), found);
  };
}

const join = (path: string, part: string | number) => (path === '' ? String(part) : `${path}.${part}`);
