/**
 * JSON Schemas (draft-07, which every validator knows) of event data as the feed delivers them, derived from the
 * declarations. Personal fields are never required: they are missing once the person has been erased.
 */
import { z } from 'zod';
import type { EventType } from '../../domain/kernel/events.ts';
import { isPersonal } from '../../domain/kernel/personal.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Values that are declared under a name, told by what they are and not by the pattern that checks them. */
const NAMED: Readonly<Record<string, JsonSchema>> = {
  ID: { type: 'string', format: 'uuid', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' },
  LocalDate: { type: 'string', format: 'date' },
  Instant: { type: 'string', format: 'date-time' },
  EmailAddress: { type: 'string', format: 'email', maxLength: 254 },
};

/** Marks of the declarations, that JSON Schema has no words for. */
const REFERENCE = 'x-refers-to';
const PERSONAL = 'x-personal';

/** The versions whose schema is known, oldest first; the last one is what the feed delivers. */
export const versionsOf = ({ version, earlier }: EventType): readonly number[] => [
  ...Object.keys(earlier).map(Number),
  version,
];

/** Nothing for a version that is not known. */
export function jsonSchemaOf(eventType: EventType, version = eventType.version): JsonSchema | undefined {
  const { type, description, category } = eventType;
  const shape = version === eventType.version ? eventType.schema : eventType.earlier[version];
  if (!shape) return undefined;
  // As given in: what comes out of a normalising transform has no schema, and goes in unchanged.
  const made = z.toJSONSchema(shape, { io: 'input', target: 'draft-7' });
  const { $schema, required = [], properties = {}, ...rest } = tidy(made) as Told;
  const personal = personalIn(shape);
  const named = required.filter(field => !personal.includes(field));
  return {
    $schema,
    title: type,
    ...(description !== undefined && { description }),
    'x-category': category,
    'x-version': version,
    ...rest,
    properties: Object.fromEntries(
      Object.entries(properties).map(([field, each]) => [
        field,
        personal.includes(field) ? { ...each, [PERSONAL]: true } : each,
      ]),
    ),
    ...(named.length > 0 && { required: named }),
  };
}

/** Fields that are marked personal. */
export const personalIn = ({ shape }: z.ZodObject): readonly string[] =>
  Object.keys(shape).filter(field => isPersonal(shape[field]));

type Told = {
  readonly $schema?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
};

function tidy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tidy);
  if (typeof node !== 'object' || node === null) return node;
  const given = node as JsonSchema;
  const { ref, personal: _, ...rest } = given;
  const named = typeof given.title === 'string' ? NAMED[given.title] : undefined;
  return {
    ...(named
      ? { title: given.title, ...named }
      : Object.fromEntries(
          Object.entries(rest).map(([key, value]) => [
            key,
            key === 'properties' ? tidyProperties(value) : tidy(value),
          ]),
        )),
    ...(ref !== undefined && { [REFERENCE]: ref }),
  };
}

/** A field may be called as a keyword is: `title`, `format`. */
const tidyProperties = (properties: unknown): JsonSchema =>
  Object.fromEntries(
    Object.entries(properties as JsonSchema).map(([field, schema]) => [field, tidy(schema)]),
  );
