/** From the zod shapes of commands to GraphQL inputs. Only the form: what values must be is checked by dispatch. */
import type { InputRef } from '@pothos/core';
import { z } from 'zod';
import { pascal } from '../../domain/kernel/record.ts';
import type { Builder } from './builder.ts';
import type { InputType, SharedTypes } from './types.ts';

/** A field of an input: its type, whether it is a list, and whether it must be given. */
export type InputField = {
  readonly type: InputType | readonly [InputType];
  readonly required: boolean;
  readonly defaultValue?: unknown;
  readonly description?: string;
};

export type CommandInputs = {
  /** @param path names a nested object that has no `meta({ title })` of its own. @throws for what GraphQL can't say. */
  readonly fieldOf: (schema: z.ZodType, path: string) => InputField;
};

/** Names that `meta({ title })` gives to values, and their scalars here. */
const SCALARS: Readonly<Record<string, InputType>> = {
  ID: 'ID',
  LocalDate: 'LocalDate',
  Instant: 'DateTime',
};

export function createCommandInputs(builder: Builder, { enums, money }: SharedTypes): CommandInputs {
  const objects = new Map<string, InputRef<unknown>>();

  const fieldOf = (schema: z.ZodType, path: string): InputField => {
    const { inner, required, defaultValue, meta } = unwrapped(schema);
    const description = typeof meta.description === 'string' ? { description: meta.description } : {};
    const type = typeOf(inner, typeof meta.title === 'string' ? meta.title : undefined, path);
    return { type, required, ...description, ...(isPlain(defaultValue) && { defaultValue }) };
  };

  const typeOf = (schema: z.ZodType, title: string | undefined, path: string): InputField['type'] => {
    if (title === 'Money') return money.input;
    const scalar = title === undefined ? undefined : SCALARS[title];
    if (scalar) return scalar;
    if (schema instanceof z.ZodArray) return listOf(fieldOf(schema.element as z.ZodType, path), path);
    if (schema instanceof z.ZodEnum) {
      if (title === undefined) throw unsupported(path, "an enum without meta({ title: 'Name' })");
      return enums(title, schema.options.map(String));
    }
    if (schema instanceof z.ZodObject) return objectOf(schema, title ?? pascal(path), path);
    const plain = plainType(schema);
    if (!plain) throw unsupported(path, schema.def.type);
    return plain;
  };

  const objectOf = (schema: z.ZodObject, title: string, path: string): InputRef<unknown> => {
    const name = title.endsWith('Input') ? title : `${title}Input`;
    const known = objects.get(name);
    if (known) return known;
    const shape = Object.entries(schema.shape) as [string, z.ZodType][];
    const made: InputRef<unknown> = builder.inputType(name, {
      fields: t =>
        Object.fromEntries(
          shape.map(([field, type]) => [field, t.field(fieldOf(type, path + pascal(field)) as never)]),
        ),
    });
    objects.set(name, made);
    return made;
  };

  return { fieldOf };
}

function listOf({ type }: InputField, path: string): readonly [InputType] {
  if (Array.isArray(type)) throw unsupported(path, 'a list of lists');
  return [type as InputType];
}

function plainType(schema: z.ZodType): InputType | undefined {
  if (schema instanceof z.ZodNumber) return schema.isInt ? 'Int' : 'Float';
  if (schema instanceof z.ZodBoolean) return 'Boolean';
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return 'String';
  if (schema instanceof z.ZodRecord || schema instanceof z.ZodUnknown) return 'JSON';
  return undefined;
}

type Unwrapped = {
  readonly inner: z.ZodType;
  readonly required: boolean;
  readonly defaultValue: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
};

/** Takes off whatever says that a value may be missing, or is changed once it is in; the outermost name counts. */
function unwrapped(schema: z.ZodType): Unwrapped {
  let inner: z.ZodType = schema;
  let required = true;
  let defaultValue: unknown;
  let meta: Record<string, unknown> = {};
  for (;;) {
    meta = { ...inner.meta(), ...meta };
    const next = wrappedBy(inner);
    if (!next) return { inner, required, defaultValue, meta };
    if (next.optional) required = false;
    if (next.defaultValue !== undefined) defaultValue = next.defaultValue;
    inner = next.schema;
  }
}

function wrappedBy(
  schema: z.ZodType,
): { schema: z.ZodType; optional?: true; defaultValue?: unknown } | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return { schema: schema.unwrap() as z.ZodType, optional: true };
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return { schema: schema.unwrap() as z.ZodType, optional: true, defaultValue: schema.def.defaultValue };
  if (schema instanceof z.ZodReadonly) return { schema: schema.unwrap() as z.ZodType };
  if (schema instanceof z.ZodPipe) return { schema: schema.in as z.ZodType };
  return undefined;
}

/** Whether it may stand in the schema as a default; a list or an object is filled in by zod instead. */
const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const unsupported = (path: string, what: string): Error =>
  new Error(
    `${path}: ${what} can't be an input of GraphQL; declare it otherwise, or teach src/api/schema/commandInputs.ts`,
  );
