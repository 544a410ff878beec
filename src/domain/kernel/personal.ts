/**
 * Personal fields: whose they are, and what is left of an event's data once that person is erased. They are declared
 * where the field is; the codec, the read models and the erasure itself derive from the mark.
 */
import { z } from 'zod';

/** Whom a field is about: by default the record in whose stream the event stands, or the one that another field names. */
type Mark = true | { readonly subject: string };

/** In types alone: the field may be missing when an event is read. */
declare const erasable: unique symbol;
export type Erasable = { readonly [erasable]: true };

/**
 * A personal field: stored under the key of its subject, and gone with that.
 * @param about names the field of the same event that holds the subject's id, declared by `Ref`.
 */
export const personal = <T extends z.ZodType>(
  schema: T,
  about?: { readonly subject: string },
): T & Erasable => schema.meta({ ...schema.meta(), personal: about ?? true }) as T & Erasable; // the mark has no value of its own

/** The second schema with the mark of the first, if it has one. */
export function markedLike(marked: z.ZodType, schema: z.ZodType): z.ZodType {
  const mark = markOf(marked);
  return mark === undefined ? schema : schema.meta({ ...schema.meta(), personal: mark });
}

/** Whether a field is marked personal, also inside optional, nullable or default wrappers. */
export const isPersonal = (schema: unknown): boolean => markOf(schema) !== undefined;

function markOf(schema: unknown): Mark | undefined {
  return find(schema, each => each.meta()?.personal as Mark | undefined); // only `personal` sets it
}

/** The first thing that a schema, or what it wraps, says. */
function find<T>(schema: unknown, ask: (schema: z.ZodType) => T | undefined): T | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const said = ask(schema);
  if (said !== undefined) return said;
  const inner = (schema as { unwrap?: () => unknown }).unwrap?.();
  return inner === undefined || inner === schema ? undefined : find(inner, ask);
}

/** A personal field of an event type. */
export type PersonalField = {
  /** Lists are read as empty once their subject is erased, and other fields as missing. */
  readonly isList: boolean;
  /** Nothing for the record itself. */
  readonly subject: { readonly category: string; readonly field: string } | undefined;
};

/** The personal fields of a shape, by name. @throws for a subject that is no `Ref`. */
export function personalFields(shape: Readonly<Record<string, unknown>>): ReadonlyMap<string, PersonalField> {
  const fields = new Map<string, PersonalField>();
  for (const [name, schema] of Object.entries(shape)) {
    const mark = markOf(schema);
    if (mark === undefined) continue;
    const isList = find(schema, each => (each instanceof z.ZodArray ? true : undefined)) ?? false;
    fields.set(name, { isList, subject: mark === true ? undefined : subjectIn(shape, name, mark.subject) });
  }
  return fields;
}

function subjectIn(shape: Readonly<Record<string, unknown>>, name: string, field: string) {
  const category = find(shape[field], each => each.meta()?.ref);
  if (typeof category !== 'string')
    throw new Error(`${name} is about the record in ${field}, which is no Ref to one`);
  return { category, field };
}

/** What can still be read of data whose fields of these names are gone. */
export function withoutFields(
  data: Readonly<Record<string, unknown>>,
  fields: ReadonlyMap<string, PersonalField>,
  gone: (name: string) => boolean,
): Record<string, unknown> {
  const left: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(data))
    if (!gone(name)) left[name] = value;
    else if (fields.get(name)?.isList) left[name] = [];
  return left;
}
